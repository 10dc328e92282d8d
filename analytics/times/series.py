"""The spans of series, and the UTC days they touch."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from formplatform.core.errors import FieldError, InvalidInputError

from .granularity import Granularity, floor
from .pieces import step_of

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTES_KEPT = timedelta(hours=48)
NOON = time(12)
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)

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
    step = step_of(granularity) * SECOND
    end = _floor((until or now).astimezone(UTC) - timedelta(microseconds=1), step) + step
    if since is None:
        since = _start_of_bucket(granularity, zone, end - _SPANS[granularity])
    start = _floor(since.astimezone(UTC), step)
    if granularity is Granularity.MINUTE and start < _floor(now, MINUTE) - MINUTES_KEPT:
        message = "Minutes are kept for 48 hours: begin later, or ask by quarter_hour."
        raise InvalidInputError(message, errors=[FieldError("from", "out_of_range", message)])
    longest = _LONGEST[granularity]
    if end - start > longest:
        message = f"A series by {granularity.value} reaches at most {longest.days} days."
        raise InvalidInputError(message, errors=[FieldError("from", "out_of_range", message)])
    return start, end


def bounds_of(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    """The ends of a span in UTC, widened to whole quarter-hours; open ones are far away."""
    start = _floor(since.astimezone(UTC), QUARTER) if since else FIRST
    end = until.astimezone(UTC) - timedelta(microseconds=1) if until else LAST
    return start, _floor(end, QUARTER) + QUARTER


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


def seconds_at(moment: datetime) -> int:
    """Whole seconds since 1970."""
    return (moment - EPOCH) // SECOND


def midnight_of(day: str) -> datetime:
    """When a UTC day begins."""
    return datetime.combine(date.fromisoformat(day), time(), UTC)


def noon_of(day: str, zone: tzinfo) -> datetime:
    """Noon of the same date in a zone, in UTC: in the middle of that day wherever it begins."""
    return datetime.combine(date.fromisoformat(day), NOON, zone).astimezone(UTC)


def minutes_end(minute: int) -> int:
    """When the minutes of the UTC day of a minute since 1970 expire, in seconds since then."""
    return (minute // (DAY // MINUTE) + 3) * 86_400


def minutes_kept_from(now: float) -> int:
    """The first UTC day, in days since 1970, whose minutes have not expired now (in seconds)."""
    return int(now) // 86_400 - MINUTES_KEPT // DAY


def _start_of_bucket(granularity: Granularity, zone: tzinfo, moment: datetime) -> datetime:
    """When the bucket that holds a moment of a step starts by the wall clock."""
    wall = moment.astimezone(zone).replace(tzinfo=UTC)
    start = floor(granularity, seconds_at(wall))
    return (EPOCH + start * SECOND).replace(tzinfo=zone)


def _floor(moment: datetime, step: timedelta) -> datetime:
    size = step // MINUTE
    return moment.replace(minute=moment.minute // size * size, second=0, microsecond=0)
