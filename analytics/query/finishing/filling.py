"""The buckets of a series, so that those without a response are shown as well."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from analytics.query import limits
from analytics.query.ast import Dimension, Granularity
from analytics.query.buckets import MONTHS_A_QUARTER, label_at, label_on
from analytics.query.clocks import shift
from analytics.query.errors import QueryError
from analytics.query.fields import Kind

HOURS, DAYS_A_WEEK = 24, 7
CYCLES = {
    Granularity.HOUR_OF_DAY: [f"{hour:02}" for hour in range(HOURS)],
    Granularity.DAY_OF_WEEK: [str(day) for day in range(1, DAYS_A_WEEK + 1)],
}
STEPS = {
    Granularity.MINUTE: timedelta(minutes=1),
    Granularity.QUARTER_HOUR: timedelta(minutes=15),
    Granularity.HOUR: timedelta(minutes=15),
}
"""How far apart moments may be so that no bucket of the clock lies between two of them."""
UNITS = {
    Granularity.DAY: "day",
    Granularity.WEEK: "week",
    Granularity.MONTH: "month",
    Granularity.QUARTER: "quarter",
    Granularity.YEAR: "year",
}


def labels_between(dimension: Dimension, first: datetime, end: datetime) -> list[str]:
    """Every bucket from the one of a moment to the last before another, in order."""
    granularity = dimension.granularity
    if granularity in CYCLES:
        return CYCLES[granularity]
    try:
        return list(_few_labels(dimension, first, end))
    except OverflowError:
        message = "In this zone the span lies beyond the calendar."
        raise QueryError("date_range", "out_of_range", message) from None


def _few_labels(dimension: Dimension, first: datetime, end: datetime) -> dict[str, None]:
    labels: dict[str, None] = {}
    moments = _of_the_clock if dimension.granularity in STEPS else _of_the_calendar
    for label in moments(dimension, first, end):
        labels[label] = None
        if len(labels) > limits.MAX_GROUPS:
            message = "So many buckets can't be shown: a coarser granularity or a shorter span."
            raise QueryError("group_by", "too_many_groups", message)
    return labels


def _of_the_clock(dimension: Dimension, first: datetime, end: datetime) -> Iterator[str]:
    assert dimension.granularity is not None  # noqa: S101 - only series are filled
    zone = ZoneInfo(dimension.timezone)
    step = STEPS[dimension.granularity]
    moment = first.replace(second=0, microsecond=0)
    moment -= timedelta(minutes=moment.minute % (step // timedelta(minutes=1)))
    while moment < end:
        wall = moment.astimezone(zone)
        if dimension.granularity is Granularity.HOUR:
            wall = wall.replace(minute=0)
        yield label_at(dimension, wall)
        moment += step


def _of_the_calendar(dimension: Dimension, first: datetime, end: datetime) -> Iterator[str]:
    assert dimension.granularity is not None  # noqa: S101 - only series are filled
    zone = ZoneInfo("UTC" if dimension.column.kind is Kind.DATE else dimension.timezone)
    last = (end - timedelta(milliseconds=1)).astimezone(zone).date()
    unit = UNITS[dimension.granularity]
    start = _floor(dimension, first.astimezone(zone).date())
    wall = datetime.combine(start, datetime.min.time())
    while wall.date() <= last:
        yield label_on(dimension, wall.date())
        try:
            wall = shift(wall, 1, unit)
        except (OverflowError, ValueError):  # the last bucket of the calendar
            return


def _floor(dimension: Dimension, day: date) -> date:
    if dimension.granularity is Granularity.WEEK:
        return day - timedelta(days=(day.weekday() - dimension.week_start.value) % DAYS_A_WEEK)
    if dimension.granularity is Granularity.DAY:
        return day
    if dimension.granularity is Granularity.MONTH:
        return day.replace(day=1)
    if dimension.granularity is Granularity.QUARTER:
        return day.replace(day=1, month=(day.month - 1) // MONTHS_A_QUARTER * MONTHS_A_QUARTER + 1)
    return day.replace(day=1, month=1)
