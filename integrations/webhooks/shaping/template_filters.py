"""The filters and tests of templates: a closed list, each counted before it makes anything."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from jinja2 import pass_context
from jinja2.runtime import Context, Undefined

from . import escaping
from .budget import Budget, Fault

BUDGET = "_budget"
MOST_DIGITS = 12
Plain = Callable[..., Any]


class Json(str):
    """Text that is JSON already."""

    __slots__ = ()


def budget_of(context: Context) -> Budget:
    found = context.resolve_or_missing(BUDGET)
    if not isinstance(found, Budget):  # pragma: no cover - every rendering brings one
        raise TypeError("a template is rendered without a budget")
    return found


def counted(function: Plain) -> Plain:
    """The function as a filter: what goes in is counted, and what comes out."""

    def apply(context: Context, value: Any, *arguments: Any, **named: Any) -> Any:
        budget = budget_of(context)
        budget.spend_value(known(value))
        found = function(budget, value, *map(known, arguments), **named)
        budget.spend_value(found)
        return found

    return pass_context(apply)


def known(value: Any) -> Any:
    """The value; raises UndefinedError where it has none."""
    if isinstance(value, Undefined):
        str(value)
    return value


def text_of(value: Any) -> str:
    """How a value reads: nothing for null, JSON for what has parts."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    return json_of(value)


def json_of(value: Any) -> str:
    """Raises Fault for what JSON cannot say."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise Fault("not_json", "A value is neither text, number, list nor object.") from error


def _join(budget: Budget, value: Any, glue: str = "") -> str:
    parts = [text_of(each) for each in _items(value)]
    budget.spend_text(sum(map(len, parts)) + len(glue) * len(parts))
    return glue.join(parts)


def _replace(budget: Budget, value: Any, old: str, new: str) -> str:
    text = text_of(value)
    if not old:
        raise Fault("invalid_argument", "replace needs a text to look for.")
    budget.spend_text(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _truncate(_: Budget, value: Any, length: Any = 255, end: str = "…") -> str:
    text = text_of(value)
    if not isinstance(length, int) or length < len(end):
        raise Fault("invalid_argument", "truncate needs a length.")
    return text if len(text) <= length else text[: length - len(end)] + end


def _round(_: Budget, value: Any, digits: Any = 0) -> float | int:
    if not isinstance(digits, int) or not 0 <= digits <= MOST_DIGITS:
        raise Fault("invalid_argument", f"round takes 0 to {MOST_DIGITS} digits.")
    number = number_of(value)
    return round(number, digits) if digits else round(number)


def _number(_: Budget, value: Any, default: Any = None) -> Any:
    try:
        return number_of(value)
    except Fault:
        return default


def number_of(value: Any) -> float | int:
    """A number, or a text that is one. Raises Fault."""
    if isinstance(value, str) and len(value) <= MOST_DIGITS * 3:
        try:
            value = int(value)
        except ValueError:
            value = _float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Fault("invalid_argument", "This needs a number.")
    return value


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _items(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, Mapping):
        return list(value)
    raise Fault("invalid_argument", "This needs a list.")


def _pairs(_: Budget, value: Any) -> list[list[Any]]:
    if not isinstance(value, Mapping):
        raise Fault("invalid_argument", "items needs an object.")
    return [[key, each] for key, each in value.items()]


def _length(_: Budget, value: Any) -> int:
    return len(value) if isinstance(value, str) else len(_items(value))


def _date(_: Budget, value: Any, pattern: str = "%d.%m.%Y") -> str:
    """`pattern` is made of %Y %m %d %H %M %S %B %b %A %a and text."""
    text, letters = text_of(value), pattern.split("%")[1:]
    if len(pattern) > 100 or any(each[:1] not in "YmdHMSBbAa" or not each for each in letters):  # noqa: PLR2004 - longer is no date
        raise Fault("invalid_argument", "A date is made of %Y %m %d %H %M %S %B %b %A %a and text.")
    try:
        moment = datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError as error:
        raise Fault("invalid_argument", "date needs a date or a time.") from error
    return moment.strftime(pattern)


@pass_context
def default(context: Context, value: Any, instead: Any = "") -> Any:
    """What is there, or something else where it is missing or null."""
    budget_of(context).spend(1)
    return instead if value is None or isinstance(value, Undefined) else value


def _texts(function: Callable[[str], str]) -> Plain:
    return counted(lambda _, value: function(text_of(value)))


FILTERS: dict[str, Plain] = {
    "date": counted(_date),
    "default": default,
    "discord": _texts(escaping.discord),
    "first": counted(lambda _, value: next(iter(_items(value)), None)),
    "html": _texts(escaping.markup),
    "items": counted(_pairs),
    "join": counted(_join),
    "last": counted(lambda _, value: (_items(value) or [None])[-1]),
    "length": counted(_length),
    "lower": _texts(str.lower),
    "number": counted(_number),
    "replace": counted(_replace),
    "round": counted(_round),
    "slack": _texts(escaping.slack),
    "string": _texts(str),
    "tojson": counted(lambda _, value: Json(json_of(value))),
    "trim": _texts(str.strip),
    "truncate": counted(_truncate),
    "upper": _texts(str.upper),
    "urlencode": _texts(lambda text: quote(text, safe="")),
}

TESTS: dict[str, Plain] = {
    "defined": lambda value: not isinstance(value, Undefined),
    "undefined": lambda value: isinstance(value, Undefined),
    "none": lambda value: value is None,
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "mapping": lambda value: isinstance(value, Mapping),
    "sequence": lambda value: isinstance(value, list | tuple),
}
