"""Holding answers against a definition."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .conditions import Condition
from .definition import Definition
from .expressions import Expression
from .fields import Field
from .problems import Problems, Wrong
from .types.registry import field_types

EMPTY: tuple[object, ...] = (None, "", [], {})
SHOWN_KEY = 100
"""How much of a stranger's key an error repeats."""
MOST_NAMED = 20
"""Unknown keys that are named one by one; the others are only counted."""


@dataclass(frozen=True)
class CleanAnswers:
    """Canonical answers, by field id."""

    data: dict[str, Any]


def validate_answers(definition: Definition, raw: object) -> CleanAnswers:
    """Canonical answers, or InvalidInputError naming every wrong field; never a part of them.

    Keys are field names (ids are taken too). An empty answer is no answer. Fields are gone through
    in their order, and each may ask only those before it: one that the answers so far hide is left
    out, whatever was answered, as a respondent who changed an earlier answer expects; a calculated
    one is computed from the answers so far; of the others the answer is checked.
    """
    problems = Problems()
    given = _by_field(definition, raw, problems)
    reading = _Reading(given, problems)
    for field in definition.fields:
        reading.read(field)
    problems.raise_if_any("Some answers are not valid.")
    return CleanAnswers(reading.data)


class _Reading:
    """The answers so far, and the fields nothing can be said of as theirs are wrong."""

    def __init__(self, given: Mapping[Field, Any], problems: Problems) -> None:
        self._given = given
        self._problems = problems
        self._types = field_types()
        self._doubtful: set[str] = set()
        self.data: dict[str, Any] = {}

    def read(self, field: Field) -> None:
        doubted = self._is_doubtful(field.visible_if)
        if field.visible_if and not doubted and not field.visible_if.holds(self.data):
            return
        if field in self._given:
            self._clean(field)  # refuses an answer to a calculated one
            if doubted:  # the answer may not count
                self._doubtful.add(field.id)
        elif field.expression:
            self._calculate(field, field.expression, doubted=doubted)
        elif field.required and not doubted:
            self._problems.add(field.name, "required", "An answer is needed.")

    def _is_doubtful(self, asking: Condition | Expression | None) -> bool:
        if not self._doubtful or asking is None:
            return False
        return any(asked in self._doubtful for asked in asking.fields())

    def _calculate(self, field: Field, expression: Expression, *, doubted: bool) -> None:
        if doubted or self._is_doubtful(expression):
            self._doubtful.add(field.id)
            return
        result = expression.compute(self.data)
        if result is not None:
            self.data[field.id] = result

    def _clean(self, field: Field) -> None:
        try:
            self.data[field.id] = self._types[field.type].clean(self._given[field], field)
        except Wrong as wrong:
            self._doubtful.add(field.id)
            self._problems.add_wrong(field.name, wrong)


def _by_field(definition: Definition, raw: object, problems: Problems) -> dict[Field, Any]:
    if not isinstance(raw, Mapping):
        problems.add("answers", "wrong_type", "Expected an object of field names and answers.")
        return {}
    given: dict[Field, Any] = {}
    unknown: list[str] = []
    for key, value in raw.items():
        field = definition.by_key.get(key)
        if field is None:
            unknown.append(str(key)[:SHOWN_KEY])
        elif field in given:
            problems.add(field.name, "duplicate", "Answered twice: by its name and by its id.")
        elif not _is_empty(value):
            given[field] = value
    _name_unknown(unknown, definition, problems)
    return given


def _is_empty(value: object) -> bool:
    return value in EMPTY or (isinstance(value, str) and all(map(_shows_nothing, value)))


def _shows_nothing(mark: str) -> bool:
    """Spaces, and marks without width: a zero width space, a byte order mark."""
    return mark.isspace() or unicodedata.category(mark) == "Cf"


def _name_unknown(unknown: list[str], definition: Definition, problems: Problems) -> None:
    for key in unknown[:MOST_NAMED]:
        near = (key, definition.by_key)
        problems.add(_printable(key), "unknown_field", "The form has no such field.", near=near)
    more = len(unknown) - MOST_NAMED
    if more > 0:
        problems.add("answers", "unknown_field", f"{more} more keys are no fields of the form.")


def _printable(key: str) -> str:
    return key.encode("utf-8", "replace").decode()
