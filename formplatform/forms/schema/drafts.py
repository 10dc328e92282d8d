"""What a form may be saved and published with: more than what a version of before is read with."""

from collections.abc import Iterator, Mapping
from typing import Any

from .conditions import UNARY, Condition
from .definition import Definition, parse_definition
from .fields import Field
from .problems import Problems, Wrong
from .types.choices import MultiChoice
from .types.registry import field_types

ORDER = frozenset({"lt", "lte", "gt", "gte"})
NUMBERS = frozenset({"number", "integer", "rating", "scale", "nps"})
MOMENTS = frozenset({"date", "time", "datetime"})
TEXTS = frozenset({"text", "long_text", "hidden", "email", "url", "phone"})
LONGEST_SHOWN = 64


def parse_draft(raw: object) -> Definition:
    """A definition whose conditions can hold. Raises InvalidInputError naming all that is wrong.

    Versions of before are read without this: what respondents were asked under stays as it was.
    """
    definition = parse_definition(raw)
    problems = Problems()
    for place, field in enumerate(definition.fields):
        for leaf in _leaves(field.visible_if):
            try:
                _check(leaf, definition.by_id)
            except Wrong as wrong:
                problems.add_wrong(f"fields[{place}].visible_if", wrong)
    problems.raise_if_any("The definition is not valid.")
    return definition


def _leaves(condition: Condition | None) -> Iterator[Condition]:
    if condition is None:
        return
    if not condition.parts:
        yield condition
    for part in condition.parts:
        yield from _leaves(part)


def _check(leaf: Condition, fields: Mapping[str, Field]) -> None:
    asked = fields[leaf.field]
    if leaf.op in UNARY or not field_types()[asked.type].writable:
        return
    if leaf.op in ORDER:
        _check_end(leaf.value, asked)
    elif leaf.op == "contains":
        _check_part(leaf.value, asked)
    else:
        for value in leaf.value if leaf.op == "in" else [leaf.value]:
            _check_whole(value, asked)


def _check_end(value: Any, asked: Field) -> None:
    """What an answer can be more or less than, its own bounds aside."""
    if asked.type in NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Wrong("invalid_condition", f"Expected a number, not {_shown(value)}.")
    elif asked.type in MOMENTS:
        _check_whole(value, Field(id=asked.id, name=asked.id, type=asked.type, label=asked.id))
    else:
        message = f"Answers to {asked.id!r} ({asked.type}) have no order: ask with eq, ne or in."
        raise Wrong("invalid_condition", message)


def _check_part(value: Any, asked: Field) -> None:
    """What a list or a text may contain."""
    if isinstance(field_types()[asked.type], MultiChoice):
        if not isinstance(value, str) or value not in asked.option_order:
            message = f"{_shown(value)} is not the id of an option of {asked.id!r}."
            raise Wrong("invalid_condition", message, near=(str(value), asked.option_order))
    elif asked.type not in TEXTS:
        message = f"Answers to {asked.id!r} ({asked.type}) contain nothing: ask with eq, ne or in."
        raise Wrong("invalid_condition", message)
    elif not isinstance(value, str):
        raise Wrong("invalid_condition", f"A text contains texts, not {_shown(value)}.")


def _check_whole(value: Any, asked: Field) -> None:
    """What an answer can be equal to."""
    try:
        answer = field_types()[asked.type].clean(value, asked)
    except Wrong as wrong:
        message = f"No answer to {asked.id!r} is ever {_shown(value)}. {wrong.message}"
        raise Wrong("invalid_condition", message, near=wrong.near) from wrong
    if answer != value:
        message = f"Answers to {asked.id!r} are never kept as {_shown(value)}: write {answer!r}."
        raise Wrong("invalid_condition", message)


def _shown(value: Any) -> str:
    return repr(value)[:LONGEST_SHOWN]
