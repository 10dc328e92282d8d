"""Series are exact in every zone, over every change of the clocks."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from analytics import aggregator
from formplatform.core.connections import numbers
from formplatform.core.errors import InvalidInputError
from formplatform.forms.ids import new_id

ZONES = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "America/Havana",
    "Pacific/Apia",
]
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = datetime(2026, 4, 15, tzinfo=UTC)


def submit(form_id, moments):
    for moment in moments:
        aggregator.current().on_response_submitted(form_id, {}, submitted_at=moment)


def series(form_id, granularity, timezone="UTC", since=SINCE, until=UNTIL):
    found = aggregator.current().get_timeseries(
        form_id, granularity, timezone=timezone, since=since, until=until
    )
    stamps = [bucket["timestamp"] for bucket in found]
    assert len(set(stamps)) == len(stamps)
    return {bucket["timestamp"]: bucket["count"] for bucket in found}


def wall_label(moment, granularity, zone):
    """The bucket of one moment, worked out by itself from its wall clock."""
    local = moment.astimezone(ZoneInfo(zone))
    if granularity == "hour":
        return f"{local:%Y-%m-%dT%H:00:00}{local.isoformat()[-6:]}"
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if granularity == "week":
        day -= timedelta(days=day.isoweekday() - 1)
    elif granularity != "day":
        month = {"month": day.month, "quarter": (day.month + 2) // 3 * 3 - 2, "year": 1}
        day = day.replace(day=1, month=month[granularity])
    return day.replace(tzinfo=ZoneInfo(zone)).isoformat()


@pytest.mark.parametrize("zone", ZONES)
def test_every_granularity_adds_up_to_what_the_wall_clock_says(zone):
    rng = random.Random(zone)
    span = (UNTIL - SINCE).total_seconds()
    moments = [SINCE + timedelta(seconds=rng.random() * span) for _ in range(400)]
    form_id = new_id()
    submit(form_id, moments)
    for granularity in ("hour", "day", "week", "month", "quarter", "year"):
        found = series(form_id, granularity, zone)
        expected = Counter(wall_label(moment, granularity, zone) for moment in moments)
        assert {stamp: count for stamp, count in found.items() if count} == expected
        starts = [datetime.fromisoformat(stamp) for stamp in found]
        assert starts == sorted(starts)


def test_the_hour_that_comes_twice_is_two_buckets_and_the_lost_one_none():
    form_id = new_id()
    autumn = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    submit(form_id, [autumn + timedelta(hours=n) for n in range(4)])
    until = autumn + timedelta(hours=4)
    assert series(form_id, "hour", "Europe/Paris", autumn, until) == {
        "2026-10-25T01:00:00+02:00": 1,
        "2026-10-25T02:00:00+02:00": 1,
        "2026-10-25T02:00:00+01:00": 1,
        "2026-10-25T03:00:00+01:00": 1,
        "2026-10-25T04:00:00+01:00": 0,
    }
    spring = datetime(2026, 3, 29, tzinfo=UTC)
    stamps = list(series(form_id, "hour", "Europe/Paris", spring, spring + timedelta(hours=2)))
    assert stamps == ["2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"]


def test_a_local_day_of_twenty_five_hours_holds_them_all():
    form_id = new_id()
    midnight = datetime(2026, 10, 24, 22, tzinfo=UTC)
    submit(form_id, [midnight + timedelta(hours=n) for n in range(25)])
    days = series(form_id, "day", "Europe/Paris", midnight, midnight + timedelta(hours=25))
    assert days == {"2026-10-25T00:00:00+02:00": 25}


def test_no_day_is_stepped_over_when_a_span_begins_late_in_the_evening():
    since = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
    days = series(new_id(), "day", "Europe/Paris", since, since + timedelta(days=2))
    assert list(days) == [
        f"2026-03-{day}T00:00:00+0{1 + (day > 29)}:00" for day in (28, 29, 30, 31)
    ]


def test_a_span_is_half_open_and_cuts_at_quarter_hours():
    form_id = new_id()
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    submit(form_id, [noon, noon + timedelta(minutes=44, seconds=59), noon + timedelta(minutes=45)])
    until = noon + timedelta(minutes=40)
    assert series(form_id, "day", since=noon, until=until) == {"2026-05-01T00:00:00+00:00": 2}
    assert series(form_id, "hour", "Asia/Kathmandu", noon, until) == {
        "2026-05-01T17:00:00+05:45": 1,
        "2026-05-01T18:00:00+05:45": 1,
    }


def test_without_a_span_the_series_ends_now():
    form_id = new_id()
    now = datetime.now(UTC)
    submit(form_id, [now, now - timedelta(days=2), now - timedelta(days=40)])
    assert sum(series(form_id, "hour", since=None, until=None).values()) == 1
    days = series(form_id, "day", since=None, until=None)
    assert (len(days), sum(days.values())) == (31, 2)
    assert sum(series(form_id, "month", since=None, until=None).values()) == 3


def test_a_day_of_responses_takes_little_memory():
    form_id = new_id()
    midnight = datetime(2026, 5, 1, tzinfo=UTC)
    submit(form_id, [midnight + timedelta(minutes=15 * n) for n in range(96)])
    assert aggregator.current().find_total(form_id) == 96
    key = f"form:{{{form_id}}}:timeseries:quarter_hour:2026-05-01"
    assert numbers().object("encoding", key) == b"listpack"


def test_a_series_without_end_is_refused():
    first = datetime(1, 1, 1, tzinfo=UTC)
    for granularity in ("quarter_hour", "hour", "day", "year"):
        with pytest.raises(InvalidInputError) as refused:
            series(new_id(), granularity, since=first)
        assert refused.value.errors[0].code == "out_of_range"
