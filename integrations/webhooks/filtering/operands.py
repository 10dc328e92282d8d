"""What each kind of field can be compared with in a filter, and by which operators."""

from collections.abc import Callable
from typing import Any

from analytics.query.fields import Field, Kind
from formplatform.forms.schema.conditions import UNARY
from formplatform.forms.schema.fields import Field as DefinedField
from formplatform.forms.schema.problems import Wrong
from formplatform.forms.schema.types.base import clean_number, clean_text
from formplatform.forms.schema.types.registry import field_types

LONGEST_TEXT = 1_000
MOST_VALUES = 100
EQUALITY = ("eq", "ne", "in")
ORDER = ("lt", "lte", "gt", "gte")
OPERATORS: dict[Kind, tuple[str, ...]] = {
    Kind.TEXT: (*EQUALITY, "contains"),
    Kind.CHOICE: EQUALITY,
    Kind.OPTIONS: ("contains",),
    Kind.RANKING: ("contains",),
    Kind.NUMBER: (*EQUALITY, *ORDER),
    Kind.BOOLEAN: ("eq", "ne"),
    Kind.DATE: (*EQUALITY, *ORDER),
    Kind.TIME: (*EQUALITY, *ORDER),
    Kind.MOMENT: (*EQUALITY, *ORDER),
    Kind.MIXED: (*EQUALITY, *ORDER),
}
"""Beside `answered` and `empty`, which every field knows."""
Reader = Callable[[Any, Field], Any]


def check_operand(field: Field, op: str, value: Any) -> Any:
    """The operand as answers are stored. Raises Wrong; its code is "op" where the operator is."""
    if op in UNARY:
        return None
    allowed = OPERATORS.get(field.kind, ())
    if op not in allowed:
        known = ", ".join((*allowed, *sorted(UNARY)))
        raise Wrong("op", f"A {field.type} field knows {known}.")
    if op != "in":
        return _clean(field, value)
    if not isinstance(value, list) or not 0 < len(value) <= MOST_VALUES:
        raise Wrong("wrong_type", f"Expected a list of 1 to {MOST_VALUES} values.")
    return [_clean(field, each) for each in value]


def _clean(field: Field, value: Any) -> Any:
    if field.options:
        return _option(field, value)
    read: Reader = _READERS.get(field.kind) or _text
    return read(value, field)


def _text(value: Any, _: Field) -> str:
    return clean_text(value, longest=LONGEST_TEXT, lines=True)


def _number(value: Any, _: Field) -> float | int:
    return clean_number(value)


def _boolean(value: Any, _: Field) -> bool:
    if not isinstance(value, bool):
        raise Wrong("wrong_type", "Expected true or false.")
    return value


def _moment(value: Any, field: Field) -> Any:
    """Canonical, as answers of that type are."""
    bare = DefinedField(id=field.id, name=field.id, type=field.type, label=field.id)
    return field_types()[field.type].clean(value, bare)


def _mixed(value: Any, field: Field) -> Any:
    """What is calculated can be a number, a text or true and false."""
    if isinstance(value, bool):
        return value
    return clean_number(value) if isinstance(value, int | float) else _text(value, field)


_READERS: dict[Kind, Reader] = {
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _moment,
    Kind.TIME: _moment,
    Kind.MOMENT: _moment,
    Kind.MIXED: _mixed,
}


def _option(field: Field, value: Any) -> str:
    """An option by its id or its label."""
    if isinstance(value, str):
        if value in field.options:
            return value
        for option_id, label in field.options.items():
            if label == value:
                return option_id
    raise Wrong("not_an_option", "This is not an option.", near=(str(value)[:64], field.options))
