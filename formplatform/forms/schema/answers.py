"""Holding answers against a definition."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .definition import Definition
from .fields import Field
from .problems import Problems, Wrong, did_you_mean
from .types.registry import field_types

EMPTY: tuple[object, ...] = (None, "", [], {})
SHOWN_KEY = 100
"""How much of a stranger's key an error repeats."""


@dataclass(frozen=True)
class CleanAnswers:
    """Canonical answers, by field id."""

    data: dict[str, Any]


def validate_answers(definition: Definition, raw: object) -> CleanAnswers:
    """Canonical answers, or InvalidInputError naming every wrong field; never a part of them.

    Keys are field names (ids are taken too). An empty answer is no answer. An answer to a field
    that the other answers hide is left out, as a respondent who changed an earlier answer
    expects. Calculated fields are computed from the rest.
    """
    problems = Problems()
    given = _by_field(definition, raw, problems)
    data = _cleaned(given, problems)
    hidden = _hide(definition, data)
    for field in definition.required:
        if field.id not in data and field.id not in hidden and field not in given:
            problems.add(field.name, "required", "An answer is needed.")
    problems.raise_if_any("Some answers are not valid.")
    for field in definition.calculated:
        result = field.expression.compute(data) if field.expression else None
        if result is not None and field.id not in hidden:
            data[field.id] = result
    return CleanAnswers(data)


def _by_field(definition: Definition, raw: object, problems: Problems) -> dict[Field, Any]:
    if not isinstance(raw, Mapping):
        problems.add("answers", "wrong_type", "Expected an object of field names and answers.")
        return {}
    given: dict[Field, Any] = {}
    for key, value in raw.items():
        field = definition.by_key.get(key)
        if field is None:
            hint = did_you_mean(str(key)[:SHOWN_KEY], definition.by_key)
            place = _printable(str(key)[:SHOWN_KEY])
            problems.add(place, "unknown_field", f"The form has no such field.{hint}")
        elif field in given:
            problems.add(field.name, "duplicate", "Answered twice: by its name and by its id.")
        elif value not in EMPTY:
            given[field] = value
    return given


def _cleaned(given: Mapping[Field, Any], problems: Problems) -> dict[str, Any]:
    types, data = field_types(), {}
    for field, value in given.items():
        try:
            data[field.id] = types[field.type].clean(value, field)
        except Wrong as wrong:
            problems.add_wrong(field.name, wrong)
    return data


def _hide(definition: Definition, data: dict[str, Any]) -> set[str]:
    """Leave out answers to hidden fields; returns the hidden fields' ids.

    Conditions ask only earlier fields, so one pass in order settles everything.
    """
    hidden: set[str] = set()
    for field in definition.conditional:
        if field.visible_if and not field.visible_if.holds(data):
            hidden.add(field.id)
            data.pop(field.id, None)
    return hidden


def _printable(key: str) -> str:
    return key.encode("utf-8", "replace").decode()
