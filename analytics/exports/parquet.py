"""Parquet: batches on disk, put together by polars' streaming engine."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .files import sent_file
from .tables import Cell, Column, Table

if TYPE_CHECKING:
    import polars as pl

BATCH = 20_000
"""Rows held in memory, and the size of a row group."""


def write_parquet(table: Table) -> Iterator[bytes]:
    return sent_file(table, _make)


def _make(table: Table, directory: Path) -> Path:
    import polars as pl

    schema = _schema(table.columns, table.timezone)
    parts = []
    for number, batch in enumerate(_batches(table)):
        parts.append(directory / f"part-{number:06}.parquet")
        _frame(batch, schema).write_parquet(parts[-1])
    path = directory / "export.parquet"
    pl.scan_parquet(parts).sink_parquet(path, row_group_size=BATCH)
    return path


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
