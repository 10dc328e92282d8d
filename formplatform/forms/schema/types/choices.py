"""Answers out of a list: one, several, in order, or one per row."""

from collections.abc import Mapping
from typing import Any, ClassVar

from formplatform.forms.schema.fields import Field
from formplatform.forms.schema.problems import Wrong

from .base import Base, register

SEPARATOR = ";"
"""Between several options in one cell of a CSV file."""


def _option(value: object, known: Mapping[str, str]) -> str:
    if not isinstance(value, str):
        raise Wrong("wrong_type", "Expected the id of an option.")
    found = known.get(value)
    if found is None:
        raise Wrong("not_an_option", "This is not an option.", near=(value, known))
    return found


def _options(value: object, field: Field) -> list[str]:
    if not isinstance(value, list):
        raise Wrong("wrong_type", "Expected a list of option ids.")
    if len(value) > len(field.options):
        raise Wrong("too_many", f"Expected at most {len(field.options)} options.")
    found = [_option(each, field.option_ids) for each in value]
    if len(set(found)) < len(found):
        raise Wrong("duplicate_option", "An option is listed twice.")
    return found


class Choice(Base):
    name: ClassVar[str] = "choice"
    settings: ClassVar[frozenset[str]] = frozenset({"options", "ordered"})

    def check(self, field: Field) -> Mapping[str, str]:
        return {} if field.options else {"options": "Expected at least one option."}

    def clean(self, value: object, field: Field) -> Any:
        return _option(value, field.option_ids)


class MultiChoice(Choice):
    name: ClassVar[str] = "multi_choice"
    settings: ClassVar[frozenset[str]] = frozenset({"options", "minimum", "maximum"})

    def clean(self, value: object, field: Field) -> Any:
        found = _options(value, field)
        if field.minimum is not None and len(found) < field.minimum:
            raise Wrong("too_few", f"Expected at least {field.minimum:g} options.")
        if field.maximum is not None and len(found) > field.maximum:
            raise Wrong("too_many", f"Expected at most {field.maximum:g} options.")
        return sorted(found, key=field.option_order.__getitem__)

    def from_text(self, text: str, field: Field) -> object:  # noqa: ARG002 - the protocol's
        return [part.strip() for part in text.split(SEPARATOR) if part.strip()]

    def to_text(self, value: Any, field: Field) -> str:  # noqa: ARG002 - the protocol's
        return SEPARATOR.join(value)


class Ranking(MultiChoice):
    """Every option once, the best first."""

    name: ClassVar[str] = "ranking"
    settings: ClassVar[frozenset[str]] = frozenset({"options"})

    def clean(self, value: object, field: Field) -> Any:
        found = _options(value, field)
        if len(found) < len(field.options):
            raise Wrong("too_few", "Expected every option, the best first.")
        return found


class Matrix(Base):
    """One option per row: {row id: option id}."""

    name: ClassVar[str] = "matrix"
    settings: ClassVar[frozenset[str]] = frozenset({"rows", "columns"})

    def check(self, field: Field) -> Mapping[str, str]:
        if not field.rows:
            return {"rows": "Expected at least one row."}
        return {} if field.options else {"columns": "Expected at least one column."}

    def clean(self, value: object, field: Field) -> dict[str, str]:
        if not isinstance(value, dict):
            raise Wrong("wrong_type", "Expected an object of row id and column id.")
        if len(value) > len(field.rows):
            raise Wrong("too_many", f"Expected at most {len(field.rows)} rows.")
        cleaned = {
            _option(row, field.row_ids): _option(column, field.option_ids)
            for row, column in value.items()
        }
        if len(cleaned) < len(value):
            raise Wrong("duplicate_option", "A row is answered twice.")
        if field.required and len(cleaned) < len(field.rows):
            raise Wrong("too_few", "Expected an answer in every row.")
        return {row.id: cleaned[row.id] for row in field.rows if row.id in cleaned}

    def from_text(self, text: str, field: Field) -> object:  # noqa: ARG002 - the protocol's
        pairs = (part.partition("=") for part in text.split(SEPARATOR) if part.strip())
        return {row.strip(): column.strip() for row, _, column in pairs}

    def to_text(self, value: Any, field: Field) -> str:  # noqa: ARG002 - the protocol's
        return SEPARATOR.join(f"{row}={column}" for row, column in value.items())


for _type in (Choice(), MultiChoice(), Ranking(), Matrix()):
    register(_type)
