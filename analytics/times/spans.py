"""Reading the span of time a caller asks for."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from analytics.query.language.operands import day_of
from formplatform.core.errors import FieldError, InvalidInputError

FIRST_YEAR, LAST_YEAR = 1900, 9000


class Span(TypedDict):
    """A half-open span; None where it has no end."""

    timezone: str
    since: datetime | None
    until: datetime | None


def read_span(asked: Mapping[str, Any]) -> Span:
    """The span of `from` and `to` in a `timezone`. Raises InvalidInputError."""
    timezone = asked["timezone"]
    since, until = first_moment(asked.get("from"), timezone), end_moment(asked.get("to"), timezone)
    return Span(timezone=timezone, since=since, until=until)


def first_moment(text: str | None, timezone: str, *, name: str = "from") -> datetime | None:
    """Where a span begins. A day begins at midnight in the zone. Raises InvalidInputError."""
    if not text:
        return None
    day = day_of(text)
    return _known(_midnight(day, timezone) if day else _moment(text, name=name), name=name)


def end_moment(text: str | None, timezone: str, *, name: str = "to") -> datetime | None:
    """Where a span ends: a day belongs to it whole, a moment does not."""
    first = first_moment(text, timezone, name=name)
    is_day = first is not None and day_of(text) is not None
    return _midnight(first.date() + timedelta(days=1), timezone) if first and is_day else first


def _midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(timezone))


def _moment(text: str, *, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(name) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _known(moment: datetime, *, name: str) -> datetime:
    """Years in which every zone is a whole number of quarter-hours from UTC, or nearly."""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        message = f"A year from {FIRST_YEAR} to {LAST_YEAR} is wanted here."
        raise InvalidInputError(message, errors=[FieldError(name, "out_of_range", message)])
    return moment


def _wrong(name: str) -> InvalidInputError:
    message = 'A day like "2026-01-31" or a time like "2026-01-31T09:00:00Z" is wanted here.'
    return InvalidInputError(message, errors=[FieldError(name, "invalid", message)])
