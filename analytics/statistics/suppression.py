"""Which counts to hide besides the small ones, so that nobody can work a small one out.

The reader is taken to know every count that is shown, the totals, and how this works; a hidden
count may be any number from 0, for zeros may be hidden too. A small count is safe if it could be
`least` or more for all the reader can tell.

Source: A. Hundepool et al., Statistical Disclosure Control (2012), chapter 4; hiding the cells of
cheapest cycles is that of J. P. Kelly, B. L. Golden and A. A. Assad, "Cell suppression: disclosure
protection for sensitive tabular data", Networks 22 (1992).
"""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

Place = tuple[int, int]
"""Row and column of a cell."""

NO_TOTALS: frozenset[int] = frozenset()


def is_small(count: float, least: int) -> bool:
    return 0 < count < least


def hide_in_list(counts: Sequence[int], *, least: int) -> set[int] | None:
    """The places to hide in counts whose total is known; None where even all are not enough.

    Args:
        counts: not negative.
        least: the smallest count that is no secret.
    """
    hidden = {place for place, each in enumerate(counts) if is_small(each, least)}
    shown = [place for place, each in enumerate(counts) if each >= least]
    shown.sort(key=counts.__getitem__)
    if not hidden:
        return hidden
    while (lack := least - sum(counts[place] for place in hidden)) > 0 or len(hidden) == 1:
        if not shown:
            return None
        taken = next((place for place in shown if counts[place] >= lack), shown[-1])
        shown.remove(taken)
        hidden.add(taken)
    return hidden


def hide_in_table(
    counts: Sequence[Sequence[int]],
    *,
    least: int,
    open_rows: Collection[int] = NO_TOTALS,
    open_columns: Collection[int] = NO_TOTALS,
) -> set[Place] | None:
    """The cells to hide in a table whose totals are known; None where even all are not enough.

    Args:
        counts: rows of equal length, not negative.
        least: the smallest count that is no secret.
        open_rows: rows whose totals are hidden from the reader, so that these may differ too.
        open_columns: the same of columns.
    """
    network = _Network(counts, open_rows=open_rows, open_columns=open_columns)
    secrets = [
        (row, column)
        for row, each in enumerate(counts)
        for column, count in enumerate(each)
        if is_small(count, least)
    ]
    network.hidden.update(secrets)
    for row, column in secrets:
        if not network.widen((row, column), least - counts[row][column]):
            return None
    return network.hidden


@dataclass(slots=True)
class _Network:
    """A table with its totals, seen as a network.

    Rows and columns, those of the totals included, are nodes; a cell joins its row and its column.
    With totals counted negative every row and column adds up to zero, so tables that look the same
    to the reader differ along cycles of hidden cells: one gains what the next one loses.
    """

    counts: Sequence[Sequence[int]]
    open_rows: Collection[int]
    open_columns: Collection[int]
    hidden: set[Place] = field(default_factory=set)
    _moved: defaultdict[Place, int] = field(default_factory=lambda: defaultdict(int))
    _row_totals: list[int] = field(init=False)
    _column_totals: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._row_totals = [sum(row) for row in self.counts]
        self._column_totals = [sum(column) for column in zip(*self.counts, strict=True)]

    @property
    def _rows(self) -> int:
        return len(self.counts)

    @property
    def _columns(self) -> int:
        return len(self.counts[0])

    def widen(self, place: Place, need: int) -> bool:
        """Hide what it takes for a cell to be so much larger; False where nothing does."""
        self._moved.clear()
        while need > 0:
            way = self._cheapest_way(place)
            if way is None:
                return False
            losing, gaining = way[::2], way[1::2]
            step = min(need, *(self._spare(cell) for cell in losing))
            for cell in losing:
                self._moved[cell] -= step
            for cell in gaining:
                self._moved[cell] += step
            self.hidden.update(cell for cell in way if not self._is_total(cell))
            need -= step
        return True

    def _cheapest_way(self, place: Place) -> list[Place] | None:
        """The cells from the column of a cell back to its row (Dijkstra), by respondents hidden.

        Nodes are rows, and columns numbered after them. A step out of a column is over a cell that
        loses, one out of a row over a cell that gains.
        """
        start, end = self._rows + 1 + place[1], place[0]
        best = {start: 0}
        came: dict[int, tuple[int, Place]] = {}
        queue = [(0, start)]
        while queue:
            cost, node = heapq.heappop(queue)
            if node == end:
                return _cells(came, end)
            if cost > best[node]:
                continue
            for target, cell in self._steps(node):
                further = cost + self._cost(cell)
                if cell != place and (target not in best or further < best[target]):
                    best[target] = further
                    came[target] = (node, cell)
                    heapq.heappush(queue, (further, target))
        return None

    def _steps(self, node: int) -> Iterator[tuple[int, Place]]:
        if node <= self._rows:
            for column in range(self._columns + 1):
                if self._may_move((node, column)) and self._may_gain((node, column)):
                    yield self._rows + 1 + column, (node, column)
            return
        column = node - self._rows - 1
        for row in range(self._rows + 1):
            if self._may_move((row, column)) and self._spare((row, column)) > 0:
                yield row, (row, column)

    def _is_total(self, cell: Place) -> bool:
        return cell[0] == self._rows or cell[1] == self._columns

    def _may_move(self, cell: Place) -> bool:
        """Whether it is a cell that can be hidden, or a total that is hidden anyway."""
        row, column = cell
        if row == self._rows:
            return column in self.open_columns
        return column != self._columns or row in self.open_rows

    def _may_gain(self, cell: Place) -> bool:
        return not self._is_total(cell) or self._count(cell) - self._moved[cell] > 0

    def _spare(self, cell: Place) -> int:
        """How much it can lose; a total, being negative, has no end to that."""
        if self._is_total(cell):
            return sum(self._row_totals) + 1
        return self._count(cell) + self._moved[cell]

    def _count(self, cell: Place) -> int:
        row, column = cell
        if row == self._rows:
            return self._column_totals[column]
        return self._row_totals[row] if column == self._columns else self.counts[row][column]

    def _cost(self, cell: Place) -> int:
        return 0 if self._is_total(cell) or cell in self.hidden else 1 + self._count(cell)


def _cells(came: dict[int, tuple[int, Place]], node: int) -> list[Place]:
    cells: list[Place] = []
    while node in came:
        node, cell = came[node]
        cells.append(cell)
    return cells[::-1]
