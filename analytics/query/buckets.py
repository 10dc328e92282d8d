"""Buckets of time as the numbers an executor groups by, and as the labels an answer shows.

Sub-day buckets carry the offset from UTC beside the wall clock, so that the two hours of one name
at the end of summer time stay apart.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from .ast import Dimension, Granularity, WeekStart

EPOCH = date(1970, 1, 1)
OFFSETS = 4096
"""Room for the offset, in minutes, in the number of a sub-day bucket."""
MIDDLE = OFFSETS // 2
OFFSET_BEGINS = len("2026-01-31T09:00")
MINUTES = {Granularity.MINUTE: 1, Granularity.QUARTER_HOUR: 15, Granularity.HOUR: 60}
MONTHS, QUARTERS, DAYS = 12, 4, 7
MONTHS_A_QUARTER = MONTHS // QUARTERS
THURSDAY = 3
"""The weekday of the epoch, from Monday as 0."""


def label_of(dimension: Dimension, number: int) -> str:
    """The label of a bucket, like `2026-01-09T13:00+0900`, `2026-W02` or `2026-Q1`."""
    granularity = dimension.granularity
    assert granularity is not None  # noqa: S101 - only times have buckets
    if granularity in MINUTES:
        return _of_the_clock(number)
    if granularity is Granularity.WEEK:
        return week_label(first_day_of_week(number, dimension.week_start), dimension.week_start)
    return _LABELS[granularity](number)


def _of_the_clock(number: int) -> str:
    minutes, offset = divmod(number, OFFSETS)
    wall = datetime(1970, 1, 1) + timedelta(minutes=minutes)  # noqa: DTZ001 - a wall clock
    sign, minutes_off = ("-", MIDDLE - offset) if offset < MIDDLE else ("+", offset - MIDDLE)
    hours, rest = divmod(minutes_off, 60)
    return f"{wall.isoformat(timespec='minutes')}{sign}{hours:02}{rest:02}"


def label_at(dimension: Dimension, start: datetime) -> str:
    """The label of the bucket that starts at this moment, given in the dimension's zone."""
    if dimension.granularity in MINUTES:
        text = start.isoformat(timespec="minutes")
        return text[:OFFSET_BEGINS] + text[OFFSET_BEGINS:].replace(":", "")
    return label_on(dimension, start.date())


def label_on(dimension: Dimension, first: date) -> str:
    """The label of the bucket of days, weeks, months, quarters or years whose first day it is."""
    granularity = dimension.granularity
    if granularity is Granularity.WEEK:
        return week_label(first, dimension.week_start)
    if granularity is Granularity.QUARTER:
        return f"{first.year:04}-Q{(first.month - 1) // MONTHS_A_QUARTER + 1}"
    text = first.isoformat()
    if granularity is Granularity.MONTH:
        return text[: len("2026-01")]
    return text[: len("2026")] if granularity is Granularity.YEAR else text


def first_day_of_week(number: int, start: WeekStart) -> date:
    return EPOCH + timedelta(days=number * DAYS - shift_of(start))


def shift_of(start: WeekStart) -> int:
    """Days added to those since the epoch before dividing by seven."""
    return (THURSDAY - start.value) % DAYS


def week_label(first: date, start: WeekStart) -> str:
    """ISO 8601 for weeks that start on Monday; the first day for others."""
    if start is not WeekStart.MONDAY:
        return first.isoformat()
    year, week, _ = first.isocalendar()
    return f"{year:04}-W{week:02}"


_LABELS: dict[Granularity, Callable[[int], str]] = {
    Granularity.DAY: lambda number: (EPOCH + timedelta(days=number)).isoformat(),
    Granularity.MONTH: lambda number: f"{number // MONTHS:04}-{number % MONTHS + 1:02}",
    Granularity.QUARTER: lambda number: f"{number // QUARTERS:04}-Q{number % QUARTERS + 1}",
    Granularity.YEAR: lambda number: f"{number:04}",
    Granularity.HOUR_OF_DAY: lambda number: f"{number:02}",
    Granularity.DAY_OF_WEEK: str,
}
