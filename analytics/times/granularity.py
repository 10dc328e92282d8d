"""Buckets of time by the wall clock.

What a clock shows is given in seconds, as if it were UTC: seconds since 1970 and the offset added.
"""

from collections.abc import Iterable
from datetime import date
from enum import Enum

MINUTE, QUARTER, HOUR, DAY = 60, 900, 3600, 86_400
"""In seconds."""
MONTHS_A_YEAR = 12
EPOCH = date(1970, 1, 1).toordinal()
MONDAY = 4 * DAY
"""When the first week began: 5 January 1970."""


class Granularity(Enum):
    MINUTE = "minute"
    QUARTER_HOUR = "quarter_hour"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


SHORT = (Granularity.MINUTE, Granularity.QUARTER_HOUR, Granularity.HOUR)
"""Shorter than a day: the clock alone does not tell two of them apart when it is put back."""

_LENGTHS = {
    Granularity.MINUTE: MINUTE,
    Granularity.QUARTER_HOUR: QUARTER,
    Granularity.HOUR: HOUR,
    Granularity.DAY: DAY,
    Granularity.WEEK: 7 * DAY,
}
_MONTHS = {Granularity.MONTH: 1, Granularity.QUARTER: 3, Granularity.YEAR: MONTHS_A_YEAR}


def starts_within(size: Granularity, first: int, last: int) -> Iterable[int]:
    """When the clock shows the start of each bucket that holds any of the times first to last."""
    if length := _LENGTHS.get(size):
        origin = MONDAY if size is Granularity.WEEK else 0
        return range((first - origin) // length * length + origin, last + 1, length)
    months = _MONTHS[size]
    begin = _month_of(first) // months * months
    return map(_start_of_month, range(begin, _month_of(last) + 1, months))


def floor(size: Granularity, wall: int) -> int:
    """The start of the bucket that holds a time."""
    return next(iter(starts_within(size, wall, wall)))


def day_at(wall: int) -> date:
    """The date a clock shows."""
    return date.fromordinal(EPOCH + wall // DAY)


def _month_of(wall: int) -> int:
    day = day_at(wall)
    return day.year * MONTHS_A_YEAR + day.month - 1


def _start_of_month(number: int) -> int:
    year, month = divmod(number, MONTHS_A_YEAR)
    return (date(year, month + 1, 1).toordinal() - EPOCH) * DAY
