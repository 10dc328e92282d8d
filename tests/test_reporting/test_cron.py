from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from formplatform.core.errors import InvalidInputError
from reporting.scheduler.cron import next_cron, next_interval, parse_cron

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(line, after, *, zone="UTC", count=1):
    found, moment = [], utc(after)
    for _ in range(count):
        moment = next_cron(parse_cron(line), ZoneInfo(zone), after=moment)
        found.append(moment.strftime("%Y-%m-%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("line", "after", "expected"),
    [
        ("0 8 * * *", "2026-11-23T07:59:59", "2026-11-23 08:00"),
        ("0 8 * * *", "2026-11-23T08:00:00", "2026-11-24 08:00"),
        ("*/15 * * * *", "2026-11-23T08:01:00", "2026-11-23 08:15"),
        ("5/20 * * * *", "2026-11-23T08:26:00", "2026-11-23 08:45"),
        ("0 9 * * mon", "2026-11-23T09:00:00", "2026-11-30 09:00"),
        ("0 9 * * 1-5", "2026-11-27T10:00:00", "2026-11-30 09:00"),
        ("0 0 * * 7", "2026-11-23T00:00:00", "2026-11-29 00:00"),
        ("0 0 1 jan *", "2026-11-23T00:00:00", "2027-01-01 00:00"),
        ("0 0 29 2 *", "2026-11-23T00:00:00", "2028-02-29 00:00"),
        ("0 0 31 * *", "2026-11-23T00:00:00", "2026-12-31 00:00"),
        ("0 0 13 * fri", "2026-11-23T00:00:00", "2026-11-27 00:00"),
        ("0 0 */2 * mon", "2026-11-23T00:00:00", "2026-12-07 00:00"),
        ("30 23 31 12 *", "2026-12-31T23:30:00", "2027-12-31 23:30"),
        ("1,2,3 4 * * *", "2026-11-23T04:01:30", "2026-11-23 04:02"),
    ],
)
def test_a_cron_line_is_due(line, after, expected):
    assert due(line, after) == [expected]


def test_a_line_is_read_in_its_own_zone():
    assert due("0 8 * * *", "2026-07-01T00:00", zone="Europe/Berlin") == ["2026-07-01 06:00"]
    assert due("0 8 * * *", "2026-12-01T00:00", zone="Europe/Berlin") == ["2026-12-01 07:00"]
    assert due("0 8 * * *", "2026-12-01T00:00", zone="Asia/Kathmandu") == ["2026-12-01 02:15"]
    assert due("0 1 * * *", "2026-12-01T13:00", zone="Pacific/Auckland") == ["2026-12-02 12:00"]


def test_a_skipped_hour_is_due_as_long_after_the_change():
    assert due("30 2 * * *", "2026-03-28T02:00", zone="Europe/Berlin", count=2) == [
        "2026-03-29 01:30",  # 03:30 in Berlin: 02:30 does not exist that day
        "2026-03-30 00:30",
    ]


def test_a_repeated_hour_is_due_once():
    assert due("30 2 * * *", "2026-10-24T12:00", zone="Europe/Berlin", count=2) == [
        "2026-10-25 00:30",
        "2026-10-26 01:30",
    ]


def test_every_half_hour_stays_every_half_hour_through_both_changes():
    spring = due("*/30 * * * *", "2026-03-29T00:00", zone="Europe/Berlin", count=6)
    autumn = due("*/30 * * * *", "2026-10-25T00:00", zone="Europe/Berlin", count=6)

    assert [m[11:] for m in spring] == ["00:30", "01:00", "01:30", "02:00", "02:30", "03:00"]
    assert [m[11:] for m in autumn] == ["00:30", "01:00", "01:30", "02:00", "02:30", "03:00"]


def test_a_day_that_never_comes_is_never_due():
    assert next_cron(parse_cron("0 0 30 2 *"), BERLIN, after=utc("2026-01-01")) is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "a * * * *",
        "* * * mon *",
        "-1 * * * *",
        "1,,2 * * * *",
        "٣ * * * *",
        "1e1 * * * *",
        "@daily",
        "* * * * *\x00",
        "9" * 5000 + " * * * *",
    ],
)
def test_a_wrong_line_is_refused(line):
    with pytest.raises(InvalidInputError) as caught:
        parse_cron(line)

    assert [error.code for error in caught.value.errors] == ["invalid_cron"]


@given(
    st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2030, 1, 1)),  # noqa: DTZ001
    st.sampled_from(["*/7 * * * *", "15 2 * * *", "0 0 1 * *", "59 23 * * sun", "30 1-3 * * *"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_the_next_turn_is_always_later_and_nothing_lies_between(moment, line, zone):
    after = moment.replace(tzinfo=UTC)
    found = next_cron(parse_cron(line), ZoneInfo(zone), after=after)
    earlier = next_cron(parse_cron(line), ZoneInfo(zone), after=after.replace(microsecond=0))

    assert found > after
    assert earlier <= found
    assert found.second == found.microsecond == 0


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-01-01T00:00", "2026-01-01T01:00"),
        ("2026-01-01T01:00", "2026-01-01T02:00"),
        ("2026-01-01T05:59:59", "2026-01-01T06:00"),
        ("2026-01-01T06:00", "2026-01-01T07:00"),
    ],
)
def test_an_interval_leaves_missed_turns_out(after, expected):
    assert next_interval(3600, due=utc("2026-01-01T01:00"), after=utc(after)) == utc(expected)
