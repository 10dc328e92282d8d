"""Which cells of a query's table to hide so that the secret ones can't be worked out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analytics.query.errors import QueryError
from analytics.statistics.suppression import hide_in_list, hide_in_table, is_small

Cell = tuple[Any, ...]
"""A key per axis, of which there are two at most."""

MOST_CELLS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Hidden:
    """The cells that are hidden, and per axis the keys of which the totals are."""

    cells: frozenset[Cell]
    totals: tuple[frozenset[Any], ...]


def protect(counts: Mapping[Cell, int], *, axes: int, least: int) -> Hidden:
    """Hide small cells of a table whose total is known, and what would tell them.

    Where nothing can keep them from being told, all cells are hidden.
    """
    lists = [_totals(counts, place) for place in range(axes)]
    totals = tuple(frozenset(_in_list(each, least)) for each in lists)
    if axes == 0:
        return Hidden(cells=frozenset(), totals=())
    if axes == 1:
        return Hidden(cells=frozenset((key,) for key in totals[0]), totals=totals)
    return Hidden(cells=frozenset(_in_table(counts, totals, least)), totals=totals)


def _totals(counts: Mapping[Cell, int], place: int) -> dict[Any, int]:
    totals: dict[Any, int] = {}
    for cell, count in counts.items():
        totals[cell[place]] = totals.get(cell[place], 0) + count
    return totals


def _in_list(counts: Mapping[Any, int], least: int) -> set[Any]:
    places = sorted(counts, key=str)
    found = hide_in_list([counts[place] for place in places], least=least)
    return set(places) if found is None else {places[number] for number in found}


def _in_table(
    counts: Mapping[Cell, int], totals: tuple[frozenset[Any], ...], least: int
) -> set[Cell]:
    if not any(is_small(count, least) for count in counts.values()):
        return set()
    rows, columns = (sorted({cell[n] for cell in counts}, key=str) for n in (0, 1))
    if len(rows) * len(columns) > MOST_CELLS:
        message = f"Where small groups are hidden a table has {MOST_CELLS} cells at most."
        raise QueryError("group_by", "too_many_groups", message)
    found = hide_in_table(
        [[counts.get((row, column), 0) for column in columns] for row in rows],
        least=least,
        open_rows={n for n, row in enumerate(rows) if row in totals[0]},
        open_columns={n for n, column in enumerate(columns) if column in totals[1]},
    )
    if found is None:
        return {(row, column) for row in rows for column in columns}
    return {(rows[row], columns[column]) for row, column in found}
