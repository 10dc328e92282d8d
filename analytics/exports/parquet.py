"""Parquet: a file of polars' per batch, joined while they are made."""

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .row_groups import one_file
from .tables import Cell, Column, Table

if TYPE_CHECKING:
    import polars as pl

BATCH = 20_000
"""Rows held in memory, and the size of a row group."""


def write_parquet(table: Table) -> Iterator[bytes]:
    schema = _schema(table.columns, table.timezone)
    return one_file(_file(_frame(batch, schema)) for batch in _batches(table))


def _file(frame: "pl.DataFrame") -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, row_group_size=BATCH)
    return buffer.getvalue()


def _batches(table: Table) -> Iterator[list[Sequence[Any]]]:
    """At least one: an empty table has columns too."""
    first = True
    for batch in table.batches(BATCH):
        first = False
        yield batch
    if first:
        yield []


def _frame(batch: list[Sequence[Any]], schema: dict[str, Any]) -> "pl.DataFrame":
    import polars as pl

    columns = list(zip(*batch, strict=True)) if batch else [()] * len(schema)
    series = [
        pl.Series(name, list(values), dtype=dtype, strict=False)
        for (name, dtype), values in zip(schema.items(), columns, strict=True)
    ]
    return pl.DataFrame(series)


def _schema(columns: Sequence[Column], timezone: str) -> dict[str, Any]:
    import polars as pl

    types: dict[Cell, Any] = {
        Cell.TEXT: pl.String,
        Cell.TEXTS: pl.List(pl.String),
        Cell.INTEGER: pl.Int64,
        Cell.NUMBER: pl.Float64,
        Cell.BOOLEAN: pl.Boolean,
        Cell.DATE: pl.Date,
        Cell.MOMENT: pl.Datetime("ms", timezone),
    }
    return {column.name: types[column.cell] for column in columns}
