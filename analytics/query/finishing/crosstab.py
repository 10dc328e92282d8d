"""Two groups set against each other: counts, margins, shares, and whether they go together."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from analytics.query.ast import Dimension, Query
from analytics.query.errors import QueryError
from analytics.query.fields import Kind
from analytics.query.precision import share_ends
from analytics.query.rows import Row
from analytics.statistics.crosstabs import adjusted_residuals, associate, holm, two_sided

from .ordering import in_order
from .records import Record, shown

MOST_CELLS = 10_000


def crosstab_of(
    query: Query, records: Sequence[Record], *, hidden: Sequence[Collection[Any]] = ()
) -> Row:
    """The table of a query grouped by two fields.

    `counts` has a list per row; `row_shares` divide each by the sum of its row, `row_intervals` are
    those of these shares (None where one respondent may be in several columns). Missing answers
    have a row or column of their own, which the test leaves out. `residuals` are adjusted ones,
    their p-values corrected by Holm over all cells. What the form hides is None, with whatever
    was worked out of it; `hidden` are the groups of each dimension whose totals are.
    """
    rows, columns = query.dimensions
    down, across = _groups(query, records, rows), _groups(query, records, columns)
    if len(down) * len(across) > MOST_CELLS:
        message = f"More than {MOST_CELLS} cells: use bins, top, or another field."
        raise QueryError("group_by", "too_many_groups", message)
    found = {_place(record): record.count for record in records}
    counts = [[found.get((row, column), 0) for column in across] for row in down]
    table = {
        "rows": [shown(rows, key) for key in down],
        "columns": [shown(columns, key) for key in across],
        "counts": counts,
        "row_totals": [sum(row) for row in counts],
        "column_totals": [sum(column) for column in zip(*counts, strict=True)],
        "total": sum(map(sum, counts)),
        "row_shares": [_shares(row) for row in counts],
        "row_intervals": _intervals(query, records, down, counts),
    }
    if any(record.suppressed for record in records):
        gone = {_place(record) for record in records if record.suppressed}
        cells = [[(row, column) in gone for column in across] for row in down]
        margins = ([key in hidden[0] for key in down], [key in hidden[1] for key in across])
        return {**table, **_covered(query, table, cells, margins)}
    return {**table, **_tested(query, counts, down, across)}


def _covered(
    query: Query,
    table: Row,
    cells: Sequence[Sequence[bool]],
    margins: tuple[Sequence[bool], Sequence[bool]],
) -> Row:
    """The parts of a table of which cells are hidden, without these and what would tell them."""
    many = [each.column.kind is Kind.OPTIONS and each.explode for each in query.dimensions]
    # The sum over groups that overlap is known to nobody else: it would tell a hidden cell.
    rows = [
        is_hidden or (many[1] and any(line))
        for is_hidden, line in zip(margins[0], cells, strict=True)
    ]
    columns = [
        is_hidden or (many[0] and any(line))
        for is_hidden, line in zip(margins[1], zip(*cells, strict=True), strict=True)
    ]
    no_share = [[own or each for each in line] for own, line in zip(rows, cells, strict=True)]
    return {
        "counts": _without(table["counts"], cells),
        "row_totals": _line_without(table["row_totals"], rows),
        "column_totals": _line_without(table["column_totals"], columns),
        "total": None if any(many) else table["total"],
        "row_shares": _without(table["row_shares"], no_share),
        "row_intervals": _without(table["row_intervals"], no_share),
        "association": None,
        "residuals": None,
        "suppressed": True,
    }


def _without(table: Sequence[Sequence[Any]], hidden: Sequence[Sequence[bool]]) -> list[list[Any]]:
    return [_line_without(line, gone) for line, gone in zip(table, hidden, strict=True)]


def _line_without(line: Sequence[Any], hidden: Sequence[bool]) -> list[Any]:
    return [None if gone else each for each, gone in zip(line, hidden, strict=True)]


def _groups(query: Query, records: Sequence[Record], dimension: Dimension) -> list[Any]:
    """The groups of one dimension in its own order."""
    if dimension.labels and dimension.column.kind in (Kind.CHOICE, Kind.OPTIONS):
        present = {record.keys[dimension.name] for record in records}
        known = [option for option, _ in dimension.labels if option in present]
        others = sorted(present - set(known), key=lambda key: str(shown(dimension, key)))
        return [*known, *others]
    ordered = in_order(query, records)
    return list(dict.fromkeys(record.keys[dimension.name] for record in ordered))


def _place(record: Record) -> tuple[Any, ...]:
    return tuple(record.keys.values())


def _shares(row: Sequence[float]) -> list[float | None]:
    total = sum(row)
    return [each / total if total else None for each in row]


def _intervals(
    query: Query, records: Sequence[Record], down: Sequence[Any], counts: Sequence[Sequence[float]]
) -> list[list[list[float] | None]]:
    columns = query.dimensions[1]
    overlap = columns.column.kind is Kind.OPTIONS and columns.explode
    squares: dict[Any, float | None] = {}
    for record in records if query.weights is not None else ():
        row = _place(record)[0]
        squares[row] = (squares.get(row) or 0) + (record.squares or 0)
    return [
        [None if overlap else share_ends(each, sum(row), squares.get(key)) for each in _shares(row)]
        for key, row in zip(down, counts, strict=True)
    ]


def _tested(
    query: Query, counts: Sequence[Sequence[float]], down: list[Any], across: list[Any]
) -> Row:
    if query.test == "none":
        return {"association": None, "residuals": None}
    rows = [n for n, key in enumerate(down) if key is not None]
    columns = [n for n, key in enumerate(across) if key is not None]
    answered = [[counts[row][column] for column in columns] for row in rows]
    try:
        association = associate(answered, test=query.test)
    except ValueError as error:
        raise QueryError("test", "not_allowed", str(error)) from error
    labels = [
        [shown(dimension, keys[n]) for n in places]
        for dimension, keys, places in zip(
            query.dimensions, (down, across), (rows, columns), strict=True
        )
    ]
    return {
        "association": None if association is None else asdict(association),
        "residuals": _residuals(answered, *labels),
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
