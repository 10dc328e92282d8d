"""Time buckets in any zone, added up from UTC quarter-hours.

Every zone in use is a whole number of quarter-hours away from UTC, at every moment, so hours,
days, weeks, months and years of any zone are sums of UTC quarter-hours, exactly, also where the
clocks change.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum

from formplatform.core.errors import FieldError, InvalidInputError

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
MONTHS_A_QUARTER = 3
MINUTES_KEPT = timedelta(hours=48)
NOON = time(12)
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


class Granularity(Enum):
    MINUTE = "minute"
    QUARTER_HOUR = "quarter_hour"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


def _midnight(wall: datetime) -> datetime:
    return wall.replace(hour=0, minute=0)


Bucket = tuple[datetime, timedelta | None]
"""Its start by the wall clock; the offset from UTC where the clock alone is not unique."""

SHORT = (Granularity.MINUTE, Granularity.QUARTER_HOUR, Granularity.HOUR)

_FLOORS: dict[Granularity, Callable[[datetime], datetime]] = {
    Granularity.MINUTE: lambda wall: wall,
    Granularity.QUARTER_HOUR: lambda wall: wall,
    Granularity.HOUR: lambda wall: wall.replace(minute=0),
    Granularity.DAY: _midnight,
    Granularity.WEEK: lambda wall: _midnight(wall) - timedelta(days=wall.weekday()),
    Granularity.MONTH: lambda wall: _midnight(wall).replace(day=1),
    Granularity.QUARTER: lambda wall: _midnight(wall).replace(
        day=1, month=(wall.month - 1) // MONTHS_A_QUARTER * MONTHS_A_QUARTER + 1
    ),
    Granularity.YEAR: lambda wall: _midnight(wall).replace(day=1, month=1),
}

_SPANS = {
    Granularity.MINUTE: timedelta(hours=1),
    Granularity.QUARTER_HOUR: DAY,
    Granularity.HOUR: DAY,
    Granularity.DAY: 30 * DAY,
    Granularity.WEEK: 26 * 7 * DAY,
    Granularity.MONTH: 365 * DAY,
    Granularity.QUARTER: 2 * 365 * DAY,
    Granularity.YEAR: 10 * 365 * DAY,
}
"""How far back a series reaches where nothing else is asked."""

_LONGEST = dict.fromkeys(Granularity, 40_000 * DAY) | {
    Granularity.MINUTE: 3 * DAY,
    Granularity.QUARTER_HOUR: 100 * DAY,
    Granularity.HOUR: 400 * DAY,
    Granularity.DAY: 10_000 * DAY,
}


def span_of(
    granularity: Granularity,
    zone: tzinfo,
    *,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
) -> tuple[datetime, datetime]:
    """The half-open span a series covers, in UTC, widened to whole quarter-hours or minutes.

    Raises InvalidInputError for one that holds too many buckets, or minutes no longer kept.
    """
    step = step_of(granularity)
    end = _floor((until or now).astimezone(UTC) - timedelta(microseconds=1), step) + step
    if since is None:
        wall = (end - _SPANS[granularity]).astimezone(zone).replace(tzinfo=None)
        floored = _FLOORS[granularity](_floor(wall, step))
        since = floored.replace(tzinfo=zone)
    start = _floor(since.astimezone(UTC), step)
    if granularity is Granularity.MINUTE and start < _floor(now, MINUTE) - MINUTES_KEPT:
        message = "Minutes are kept for 48 hours: begin later, or ask by quarter_hour."
        raise InvalidInputError(message, errors=[FieldError("from", "out_of_range", message)])
    longest = _LONGEST[granularity]
    if end - start > longest:
        message = f"A series by {granularity.value} reaches at most {longest.days} days."
        raise InvalidInputError(message, errors=[FieldError("from", "out_of_range", message)])
    return start, end


def days_of(start: datetime, end: datetime) -> list[str]:
    """The UTC days a span touches."""
    first = start.date()
    count = ((end - MINUTE).date() - first).days + 1
    return [(first + timedelta(days=n)).isoformat() for n in range(max(count, 0))]


@dataclass(frozen=True, slots=True)
class Days:
    """The UTC days of a span, as texts, whose order is that of the days."""

    first: str
    last: str
    cut: frozenset[str]
    """Those at its ends that lie in it in part only."""

    def __contains__(self, day: str) -> bool:
        return self.first <= day <= self.last


def days_within(start: datetime, end: datetime) -> Days:
    """The days of a half-open span in UTC; an empty one has none."""
    first, last = start.date(), (end - QUARTER).date()
    if start >= end:
        return Days(last.isoformat(), "", frozenset())
    cut = {first.isoformat()} if start.time() != time() else set()
    cut |= {last.isoformat()} if end.time() != time() else set()
    return Days(first.isoformat(), last.isoformat(), frozenset(cut))


def midnight_of(day: str) -> datetime:
    """When a UTC day begins."""
    return datetime.combine(date.fromisoformat(day), time(), UTC)


def noon_of(day: str, zone: tzinfo) -> datetime:
    """Noon of the same date in a zone, in UTC: in the middle of that day wherever it begins."""
    return datetime.combine(date.fromisoformat(day), NOON, zone).astimezone(UTC)


def number_of(moment: datetime, day: str) -> int:
    """The number of the quarter-hour of a moment, counted from the beginning of a UTC day."""
    return (moment - midnight_of(day)) // QUARTER


def bounds_of(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    """The ends of a span in UTC, widened to whole quarter-hours; open ones are far away."""
    start = _floor(since.astimezone(UTC), QUARTER) if since else FIRST
    end = until.astimezone(UTC) - timedelta(microseconds=1) if until else LAST
    return start, _floor(end, QUARTER) + QUARTER


def add_up(
    days: Mapping[str, Mapping[int, int]],
    granularity: Granularity,
    zone: tzinfo,
    *,
    start: datetime,
    end: datetime,
) -> dict[Bucket, int]:
    """Responses per bucket of a span, empty buckets too, in order of time.

    `days` holds UTC day → number of the quarter-hour (or minute) of the day → responses.
    """
    totals = dict.fromkeys(_empty_buckets(granularity, zone, start=start, end=end), 0)
    floor = _FLOORS[granularity]
    for moment, offset, count in _steps(days, zone, step_of(granularity)):
        if start <= moment < end:
            wall = floor((moment + offset).replace(tzinfo=None))
            bucket = wall, offset if granularity in SHORT else None
            totals[bucket] = totals.get(bucket, 0) + count
    return totals


def label(bucket: Bucket, zone: tzinfo) -> str:
    """The start of a bucket in ISO 8601 with its offset from UTC."""
    wall, offset = bucket
    if offset is None:
        return wall.replace(tzinfo=zone).isoformat()
    total = abs(offset) // timedelta(minutes=1)
    sign = "-" if offset < timedelta(0) else "+"
    return f"{wall.isoformat()}{sign}{total // 60:02}:{total % 60:02}"


def step_of(granularity: Granularity) -> timedelta:
    """The size of what a series is added up from."""
    return MINUTE if granularity is Granularity.MINUTE else QUARTER


def minutes_end(minute: int) -> int:
    """When the minutes of the UTC day of a minute since 1970 expire, in seconds since then."""
    return (minute // (DAY // MINUTE) + 3) * 86_400


def minutes_kept_from(now: float) -> int:
    """The first UTC day, in days since 1970, whose minutes have not expired now (in seconds)."""
    return int(now) // 86_400 - MINUTES_KEPT // DAY


def _steps(
    days: Mapping[str, Mapping[int, int]], zone: tzinfo, step: timedelta
) -> Iterator[tuple[datetime, timedelta, int]]:
    """Every one that is counted: its start in UTC, the zone's offset there, its responses."""
    for day, quarters in days.items():
        midnight = midnight_of(day)
        first, last = _offset(midnight, zone), _offset(midnight + DAY, zone)
        for number, count in quarters.items():
            moment = midnight + number * step
            offset = first if first == last else _offset(moment, zone)
            yield moment, offset, count


def _empty_buckets(
    granularity: Granularity, zone: tzinfo, *, start: datetime, end: datetime
) -> Iterator[Bucket]:
    short = granularity in SHORT
    floor = _FLOORS[granularity]
    # Half days, so that no local day is stepped over where the clocks go forward.
    step = step_of(granularity) if short else DAY / 2
    moments = [start + n * step for n in range(math.ceil((end - start) / step))]
    if moments:
        moments.append(end - step_of(granularity))
    for moment in moments:
        offset = _offset(moment, zone)
        yield floor((moment + offset).replace(tzinfo=None)), offset if short else None


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def _floor(moment: datetime, step: timedelta) -> datetime:
    size = step // MINUTE
    return moment.replace(minute=moment.minute // size * size, second=0, microsecond=0)
