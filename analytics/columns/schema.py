"""Which columns a form has, of which types, and how a response fills them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics.query.ast import Column
from analytics.query.columns import DATA, FACTS
from analytics.query.fields import OPAQUE, Field, Fields, Kind, fits
from analytics.query.frames.columnar import column_name
from formplatform.forms.domain import FormResponse
from formplatform.forms.storage.registry import get_store

if TYPE_CHECKING:
    import polars as pl

ID = "id"
CHANGED_AT = "updated_at"
REVISION, DELETED = "_revision", "_deleted"
"""Beside what a query may read: of which revision a row is; whether it says that all is gone."""
FORMAT = 1
"""Raised with every change of what the columns of the same fields hold."""

Read = Callable[[FormResponse], Any]


@dataclass(frozen=True, slots=True)
class _Source:
    """One column and how a response fills it."""

    column: Column
    read: Read

    @property
    def name(self) -> str:
        return column_name(self.column)


def signature_of(fields: Fields) -> str:
    """The same in every process for the same columns, another for others."""
    columns = [
        (source.name, source.column.kind.value, source.column.whole) for source in _sources(fields)
    ]
    return hashlib.sha256(repr((FORMAT, columns)).encode()).hexdigest()[:16]


def names_of(fields: Fields) -> list[str]:
    """The columns a query may read, in their order."""
    return [ID, *(source.name for source in _sources(fields))]


def frame_of(responses: Iterable[FormResponse], fields: Fields) -> "pl.DataFrame":
    """Responses as rows: what a query may read, REVISION and DELETED; of the deleted no answer."""
    import polars as pl

    rows = list(responses)
    live = [None if row.deleted_at else row for row in rows]
    columns = [pl.Series(ID, [row.id for row in rows], dtype=pl.String())]
    for source in _sources(fields):
        read, given = source.read, rows if source.name == CHANGED_AT else live
        values = [None if row is None else read(row) for row in given]
        columns.append(pl.Series(source.name, values, dtype=_dtype(source.column)))
    columns.append(pl.Series(REVISION, [row.revision for row in rows], dtype=pl.UInt32()))
    columns.append(pl.Series(DELETED, [row is None for row in live], dtype=pl.Boolean()))
    return pl.DataFrame(columns)


def build_frame(form_id: str, fields: Fields) -> "pl.DataFrame":
    """The live responses of a form, read from the store into memory."""
    rows = (row for batch in get_store().scan_responses(form_id) for row in batch)
    return frame_of(rows, fields).select(names_of(fields))


def _sources(fields: Fields) -> Iterator[_Source]:
    for column in dict.fromkeys(FACTS.values()):
        yield _Source(column, _fact(column.path[0]))
    for field in fields:
        column = Column((DATA, field.id), field.kind, field.whole)
        yield _Source(column, _answer(field))
        if field.kind is Kind.MATRIX:
            for row in field.rows:
                yield _Source(Column((DATA, field.id, row), Kind.CHOICE), _cell(field.id, row))


def _fact(name: str) -> Read:
    def read(response: FormResponse) -> Any:
        return getattr(response, name)

    return read


def _answer(field: Field) -> Read:
    """Whole columns take integers only; an opaque one says whether there is an answer."""
    name, kind, whole, opaque = field.id, field.kind, field.whole, field.kind in OPAQUE

    def read(response: FormResponse) -> Any:
        answer = response.data.get(name)
        if answer is None or not fits(kind, answer) or (whole and isinstance(answer, float)):
            return None
        return True if opaque else answer

    return read


def _cell(field_id: str, row: str) -> Read:
    def read(response: FormResponse) -> Any:
        answer = response.data.get(field_id)
        return answer.get(row) if isinstance(answer, dict) else None

    return read


def _dtype(column: Column) -> "pl.DataType":
    import polars as pl

    if column.path[0] != DATA and column.kind is Kind.MOMENT:
        return pl.Datetime("ms", "UTC")
    types: Mapping[Kind, pl.DataType] = {
        Kind.NUMBER: pl.Int64() if column.whole else pl.Float64(),
        Kind.OPTIONS: pl.List(pl.Categorical()),
        Kind.BOOLEAN: pl.Boolean(),
        Kind.CHOICE: pl.Categorical(),
    } | dict.fromkeys(OPAQUE, pl.Boolean())
    return types.get(column.kind, pl.String())
