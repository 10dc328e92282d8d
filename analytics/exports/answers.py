"""How the answers to one field become cells."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from analytics.query.fields import Field, Kind, fits

from .tables import Cell, Column

Read = Callable[[Any], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """How answers and columns are written."""

    labels: bool = False
    """Labels of fields and options instead of their names and ids."""
    split_options: bool = False
    """A column per option of a multiple choice, instead of one for all."""
    timezone: str = "UTC"


def written_columns(field: Field, written: Written) -> Iterator[tuple[Column, Read]]:
    """The columns of a field, and what each reads from an answer.

    An answer that is not of the field's kind any more (its type was changed) is written as text
    where the column holds text, and left empty elsewhere.
    """
    if field.kind is Kind.OPTIONS and written.split_options:
        yield from _per_option(field, written)
    elif field.kind is Kind.MATRIX:
        yield from _per_row(field, written)
    else:
        yield _column(field, written), _reader(field, written)


def _column(field: Field, written: Written) -> Column:
    return Column(
        name=field.label if written.labels else field.name,
        label=field.label,
        cell=_cell(field),
        value_labels=_value_labels(field, written),
    )


def _cell(field: Field) -> Cell:
    return Cell.INTEGER if field.whole else CELLS.get(field.kind, Cell.TEXT)


def _reader(field: Field, written: Written) -> Read:
    names: Mapping[str, str] = field.options if written.labels else {}
    zone = ZoneInfo(written.timezone)
    readers: dict[Kind, Read] = {
        Kind.CHOICE: lambda answer: names.get(answer, answer),
        Kind.OPTIONS: lambda answer: [names.get(each, each) for each in answer],
        Kind.RANKING: lambda answer: [names.get(each, each) for each in answer],
        Kind.DATE: date.fromisoformat,
        Kind.MOMENT: lambda answer: datetime.fromisoformat(answer).astimezone(zone),
        Kind.NUMBER: int if field.whole else float,
    }
    read = readers.get(field.kind, _same)
    holds_text = _cell(field) is Cell.TEXT
    return lambda answer: _read(read, field.kind, answer, holds_text=holds_text)


def _read(read: Read, kind: Kind, answer: Any, *, holds_text: bool) -> Any:
    try:
        value = read(answer) if fits(kind, answer) else None
    except ValueError:  # no day, no time: of another type once
        value = None
    if not holds_text:
        return value
    return _as_text(answer if value is None else value)


def _same(answer: Any) -> Any:
    return answer


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _per_option(field: Field, written: Written) -> Iterator[tuple[Column, Read]]:
    for option, label in field.options.items():
        yield _part(field, option, label, written, Cell.BOOLEAN), _holds(option)


def _per_row(field: Field, written: Written) -> Iterator[tuple[Column, Read]]:
    names: Mapping[str, str] = field.options if written.labels else {}
    for row, label in field.rows.items():
        column = _part(field, row, label, written, Cell.TEXT)
        yield replace(column, value_labels=_value_labels(field, written)), _in_row(row, names)


def _part(field: Field, part: str, label: str, written: Written, cell: Cell) -> Column:
    whole = f"{field.label}: {label}"
    name = whole if written.labels else f"{field.name}.{part}"
    return Column(name=name, label=whole, cell=cell)


def _value_labels(field: Field, written: Written) -> dict[str, str]:
    """What the ids of options stand for, where these are written."""
    has_ids = field.kind in (Kind.CHOICE, Kind.MATRIX) and not written.labels
    return {**field.options} if has_ids else {}


def _holds(option: str) -> Read:
    return lambda answer: option in answer if isinstance(answer, list) else None


def _in_row(row: str, names: Mapping[str, str]) -> Read:
    def read(answer: Any) -> str | None:
        column = answer.get(row) if isinstance(answer, dict) else None
        return names.get(column, column) if isinstance(column, str) else None

    return read


CELLS = {
    Kind.OPTIONS: Cell.TEXTS,
    Kind.RANKING: Cell.TEXTS,
    Kind.NUMBER: Cell.NUMBER,
    Kind.BOOLEAN: Cell.BOOLEAN,
    Kind.DATE: Cell.DATE,
    Kind.MOMENT: Cell.MOMENT,
}
