"""What a condition compares with: checked against the type of its field, in stored form."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from analytics.query import limits
from analytics.query.ast import Scalar
from analytics.query.columns import DATA, Found
from analytics.query.errors import QueryError, unknown
from analytics.query.fields import Kind
from analytics.query.zones import day_after, midnight
from formplatform.core import clock

from .reading import read_boolean, read_number

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def read_operand(operand: Any, *, found: Found, path: str) -> Scalar:
    """The operand as the store keeps such values. Raises QueryError."""
    return _READERS[found.column.kind](operand, found, path)


def _text(operand: Any, _found: Found | None, path: str) -> str:
    if not isinstance(operand, str):
        raise QueryError(path, "wrong_type", "A text is wanted here.")
    if len(operand) > limits.MAX_TEXT_LENGTH:
        raise QueryError(path, "out_of_range", f"At most {limits.MAX_TEXT_LENGTH} characters.")
    if _UNSTORABLE.search(operand):
        raise QueryError(path, "wrong_type", "No answer can hold these characters.")
    return unicodedata.normalize("NFC", operand)


def _option(operand: Any, found: Found, path: str) -> str:
    text = _text(operand, None, path)
    options: Mapping[str, str] = found.field.options if found.field else {}
    if text in options:
        return text
    for option_id, label in options.items():
        if label == text:
            return option_id
    raise unknown(path, "option", text, known=(*options, *options.values()))


def _number(operand: Any, _found: Found, path: str) -> int | float:
    return read_number(operand, path=path)


def _boolean(operand: Any, _found: Found, path: str) -> bool:
    return read_boolean(operand, path=path)


def _date(operand: Any, _found: Found, path: str) -> str:
    return _parse_day(operand, path=path).isoformat()


def _time(operand: Any, _found: Found, path: str) -> str:
    try:
        return time.fromisoformat(_text(operand, None, path)).isoformat(timespec="seconds")
    except ValueError:
        raise QueryError(path, "wrong_type", 'A time like "14:30:00" is wanted here.') from None


def _moment(operand: Any, found: Found, path: str) -> Scalar:
    return stored_moment(parse_moment(operand, path=path), found=found)


def stored_moment(moment: datetime, *, found: Found) -> Scalar:
    """Answers keep moments as text, the response's own times are times."""
    return clock.to_text(moment) if found.column.path[0] == DATA else moment


def day_of(operand: Any) -> date | None:
    """The day an operand names, where it names a whole day and no moment."""
    if isinstance(operand, str) and _DAY.fullmatch(operand):
        try:
            return date.fromisoformat(operand)
        except ValueError:
            return None
    return None


def span_of(day: date, zone: str, *, found: Found, path: str) -> tuple[Scalar, Scalar]:
    """First moment of a day in a zone and of the next."""
    start = midnight(day, zone, path=path)
    end = midnight(day_after(day, path=path), zone, path=path)
    return stored_moment(start, found=found), stored_moment(end, found=found)


def _parse_day(operand: Any, *, path: str) -> date:
    day = day_of(operand)
    if day is None:
        raise QueryError(path, "wrong_type", 'A date like "2026-01-31" is wanted here.')
    return day


def parse_moment(operand: Any, *, path: str) -> datetime:
    """A moment in ISO 8601; without an offset it is read as UTC."""
    try:
        moment = datetime.fromisoformat(_text(operand, None, path))
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return clock.to_milliseconds(aware)
    except (ValueError, OverflowError):
        message = 'A day like "2026-01-31" or a time like "2026-01-31T09:00:00Z" is wanted here.'
        raise QueryError(path, "wrong_type", message) from None


_READERS: dict[Kind, Callable[[Any, Found, str], Scalar]] = {
    Kind.TEXT: _text,
    Kind.CHOICE: _option,
    Kind.OPTIONS: _option,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.MOMENT: _moment,
}
