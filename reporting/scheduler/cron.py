"""When a schedule is due next: once, every so many seconds, or by cron in a time zone.

Clocks that are put forward or back (Europe/Berlin does both): a fixed hour that is skipped is due
as long after the change as it would have been before it (02:30 becomes 03:30), and one that comes
twice is due the first time only. Where every hour is meant (`*`), the skipped hour is skipped and
the repeated one is due twice, so that "every half hour" stays that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from formplatform.core.errors import FieldError, InvalidInputError

HORIZON_DAYS = 4 * 366 + 366
"""A cron line that is not due within five years never is: 30 February."""

_MONTHS = {
    "jan": 1,
    "feb": 2,
    "mar": 3,
    "apr": 4,
    "may": 5,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "oct": 10,
    "nov": 11,
    "dec": 12,
}
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_SUNDAY = 7


@dataclass(frozen=True, slots=True)
class CronLine:
    """Five fields as sets of numbers; weekdays count from Sunday = 0."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    every_hour: bool
    any_day: bool
    any_weekday: bool

    def falls_on(self, day: date) -> bool:
        """Cron's own rule: where day and weekday are both given, either will do."""
        if day.month not in self.months:
            return False
        by_day = day.day in self.days
        by_weekday = day.isoweekday() % _SUNDAY in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday


def parse_cron(text: str) -> CronLine:
    """Read `minute hour day month weekday`. Raises InvalidInputError naming what is wrong."""
    parts = text.lower().split()
    if len(parts) != 5:  # noqa: PLR2004 - cron has five fields
        raise _wrong("expected five fields: minute hour day month weekday")
    minute, hour, day, month, weekday = parts
    weekdays = _numbers(weekday, 0, _SUNDAY, "weekday", _DAYS)
    return CronLine(
        minutes=_numbers(minute, 0, 59, "minute"),
        hours=_numbers(hour, 0, 23, "hour"),
        days=_numbers(day, 1, 31, "day"),
        months=_numbers(month, 1, 12, "month", _MONTHS),
        weekdays=frozenset(number % _SUNDAY for number in weekdays),
        every_hour=hour.startswith("*"),
        any_day=day.startswith("*"),
        any_weekday=weekday.startswith("*"),
    )


def next_cron(line: CronLine, zone: ZoneInfo, *, after: datetime) -> datetime | None:
    """The first moment after `after` (exclusive) the line is due, in UTC; None if never."""
    first_day = after.astimezone(zone).date() - timedelta(days=1)
    for number in range(HORIZON_DAYS):
        day = first_day + timedelta(days=number)
        if line.falls_on(day):
            later = [moment for moment in _moments(line, zone, day) if moment > after]
            if later:
                return min(later)
    return None


def next_interval(seconds: int, *, due: datetime, after: datetime) -> datetime:
    """The first of `due`, `due + seconds`, … after `after`: missed turns are left out."""
    missed = max(0, (after - due) // timedelta(seconds=seconds) + 1)
    return due + missed * timedelta(seconds=seconds)


def _moments(line: CronLine, zone: ZoneInfo, day: date) -> Iterator[datetime]:
    for hour in sorted(line.hours):
        for minute in sorted(line.minutes):
            local = datetime.combine(day, time(hour, minute), zone)
            yield from _utc_of(local, every_hour=line.every_hour)


def _utc_of(local: datetime, *, every_hour: bool) -> Iterator[datetime]:
    moment = local.astimezone(UTC)
    if not every_hour:
        yield moment
        return
    exists = moment.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None)
    if exists:
        yield moment
        again = local.replace(fold=1).astimezone(UTC)
        if again != moment:
            yield again


def _numbers(
    field: str, low: int, high: int, name: str, words: dict[str, int] | None = None
) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        start, end = _span(span, low, high, words or {}, name)
        every = _number(step, {}, name) if slash else 1
        if slash and "-" not in span and span != "*":
            end = high
        if not (low <= start <= end <= high and every >= 1):
            raise _wrong(f"{name}: {part!r} is outside {low} to {high}")
        found.update(range(start, end + 1, every))
    return frozenset(found)


def _span(text: str, low: int, high: int, words: dict[str, int], name: str) -> tuple[int, int]:
    if text == "*":
        return low, high
    first, dash, last = text.partition("-")
    start = _number(first, words, name)
    return start, _number(last, words, name) if dash else start


def _number(text: str, words: dict[str, int], name: str) -> int:
    if text in words:
        return words[text]
    if not (text.isascii() and text.isdigit() and len(text) <= 2):  # noqa: PLR2004 - two digits
        raise _wrong(f"{name}: {text!r} is no number")
    return int(text)


def _wrong(message: str) -> InvalidInputError:
    error = FieldError("cron", "invalid_cron", message)
    return InvalidInputError(f"The cron line is wrong: {message}.", errors=[error])
