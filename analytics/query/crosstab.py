"""Two groups set against each other: counts, margins, shares, and whether they go together."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from analytics.statistics.crosstabs import (
    adjusted_residuals,
    associate,
    holm,
    two_sided,
)

from .ast import Dimension, Query
from .errors import QueryError
from .fields import Kind
from .ordering import in_order
from .records import Record, shown_as_text
from .rows import Row

MOST_CELLS = 10_000


def crosstab_of(query: Query, records: Sequence[Record]) -> Row:
    """The table of a query grouped by two fields.

    `counts` has a list per row; `row_shares` divide each by the sum of its row. Missing answers
    have a row or column of their own, which the test leaves out. `residuals` are adjusted ones,
    their p-values corrected by Holm over all cells.
    """
    rows, columns = query.dimensions
    down, across = _labels(query, records, rows), _labels(query, records, columns)
    if len(down) * len(across) > MOST_CELLS:
        message = f"More than {MOST_CELLS} cells: use bins, top, or another field."
        raise QueryError("group_by", "too_many_groups", message)
    found = {_place(record): record.count for record in records}
    counts = [[found.get((row, column), 0) for column in across] for row in down]
    table = {
        "rows": down,
        "columns": across,
        "counts": counts,
        "row_totals": [sum(row) for row in counts],
        "column_totals": [sum(column) for column in zip(*counts, strict=True)],
        "total": sum(map(sum, counts)),
        "row_shares": [_shares(row) for row in counts],
    }
    return {**table, **_tested(query, counts, down, across)}


def _labels(query: Query, records: Sequence[Record], dimension: Dimension) -> list[Any]:
    """The groups of one dimension in its own order."""
    if dimension.labels and dimension.column.kind in (Kind.CHOICE, Kind.OPTIONS):
        present = {record.keys[dimension.name] for record in records}
        known = [option for option, _ in dimension.labels if option in present]
        return [*known, *sorted(present - set(known), key=str)]
    ordered = in_order(query, records)
    return list(dict.fromkeys(shown_as_text(record.keys[dimension.name]) for record in ordered))


def _place(record: Record) -> tuple[Any, ...]:
    return tuple(shown_as_text(key) for key in record.keys.values())


def _shares(row: Sequence[float]) -> list[float | None]:
    total = sum(row)
    return [each / total if total else None for each in row]


def _tested(
    query: Query, counts: Sequence[Sequence[float]], down: list[Any], across: list[Any]
) -> Row:
    if query.test == "none":
        return {"association": None, "residuals": None}
    missing = [dimension.missing for dimension in query.dimensions]
    rows = [n for n, label in enumerate(down) if label != missing[0]]
    columns = [n for n, label in enumerate(across) if label != missing[1]]
    answered = [[counts[row][column] for column in columns] for row in rows]
    try:
        association = associate(answered, test=query.test)
    except ValueError as error:
        raise QueryError("test", "not_allowed", str(error)) from error
    return {
        "association": None if association is None else asdict(association),
        "residuals": _residuals(answered, [down[n] for n in rows], [across[n] for n in columns]),
    }


def _residuals(counts: Sequence[Sequence[float]], rows: list[Any], columns: list[Any]) -> list[Row]:
    cells = [
        (row, column, value)
        for row, values in zip(rows, adjusted_residuals(counts), strict=True)
        for column, value in zip(columns, values, strict=True)
        if value is not None
    ]
    corrected = holm([two_sided(value) for *_, value in cells])
    return [
        {"row": row, "column": column, "residual": value, "p_value": p}
        for (row, column, value), p in zip(cells, corrected, strict=True)
    ]
