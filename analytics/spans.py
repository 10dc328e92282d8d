"""Reading the span of time a caller asks for."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from formplatform.core.errors import FieldError, InvalidInputError

from .query.operands import day_of


def first_moment(text: str | None, timezone: str, *, name: str = "from") -> datetime | None:
    """Where a span begins. A day begins at midnight in the zone."""
    if not text:
        return None
    day = day_of(text)
    return _midnight(day, timezone) if day else _moment(text, name=name)


def end_moment(text: str | None, timezone: str, *, name: str = "to") -> datetime | None:
    """Where a span ends: a day belongs to it whole, a moment does not."""
    if not text:
        return None
    day = day_of(text)
    if day is None:
        return _moment(text, name=name)
    try:
        return _midnight(day + timedelta(days=1), timezone)
    except OverflowError:
        raise _wrong(name) from None


def _midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(timezone))


def _moment(text: str, *, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _wrong(name) from None


def _wrong(name: str) -> InvalidInputError:
    message = 'A day like "2026-01-31" or a time like "2026-01-31T09:00:00Z" is wanted here.'
    return InvalidInputError(message, errors=[FieldError(name, "invalid", message)])
