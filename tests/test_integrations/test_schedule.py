"""When an attempt follows an attempt."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.webhooks.queue.schedule import delay_after, delays_of, retry_after_seconds

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def waits(max_attempts):
    found = [delays_of(None)[0]]
    while (delay := delay_after(len(found), max_attempts=max_attempts)) is not None:
        found.append(delay.total_seconds())
    return found


def test_the_waits_are_exactly_those_that_were_promised():
    assert waits(6) == [0, 1, 5, 30, 300, 1800]


@pytest.mark.parametrize(
    ("max_attempts", "expected"),
    [
        (0, [0]),
        (1, [0]),
        (3, [0, 1, 5]),
        (8, [0, 1, 5, 30, 300, 1800, 1800, 1800]),
    ],
)
def test_fewer_attempts_cut_the_schedule_and_more_repeat_its_last_step(max_attempts, expected):
    assert waits(max_attempts) == expected


def test_jitter_only_adds():
    drawn = {delay_after(3, max_attempts=6, jitter_percent=10).total_seconds() for _ in range(500)}
    assert min(drawn) >= 30
    assert max(drawn) <= 33
    assert len(drawn) > 100


@pytest.mark.parametrize(("hint", "expected"), [(0, 5), (3, 5), (60, 60), (10**9, 24 * 3600)])
def test_a_hint_lengthens_a_wait_up_to_a_day_and_never_shortens_it(hint, expected):
    delay = delay_after(2, max_attempts=6, retry_after_seconds=hint)
    assert delay == timedelta(seconds=expected)


def test_a_hint_does_not_buy_a_further_attempt():
    assert delay_after(6, max_attempts=6, retry_after_seconds=60) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("Thu, 01 Jan 2026 12:02:00 GMT", 120),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
        ("-5", 0),
        ("1.5", 0),
        ("soon", 0),
        ("٣", 0),
        ("", 0),
        ("9" * 400, 9_999_999_999),
    ],
)
def test_retry_after_is_read_in_both_of_its_forms(value, expected):
    assert retry_after_seconds({"retry-after": value}, now=NOW) == expected
