"""What is hidden, attacked by linear programming: what could every hidden count be?"""

import pytest
from hypothesis import given, strategies as st
from scipy.optimize import linprog

from analytics.statistics.suppression import hide_in_list, hide_in_table

LEAST = 5
counts = st.one_of(st.just(0), st.integers(1, 6), st.integers(5, 60))


@st.composite
def tables(draw):
    width = draw(st.integers(1, 4))
    row = st.lists(counts, min_size=width, max_size=width)
    return draw(st.lists(row, min_size=1, max_size=4))


def largest(table, place, hidden, *, open_rows=(), open_columns=()):
    """The largest a hidden cell can be for one who knows all the rest, totals included."""
    cells = sorted(hidden)
    equations, totals = [], []
    lines = [
        [(r, c) for c in range(len(table[0]))] for r in range(len(table)) if r not in open_rows
    ]
    lines += [
        [(r, c) for r in range(len(table))] for c in range(len(table[0])) if c not in open_columns
    ]
    # Of totals that are hidden, what is known is the sum.
    for opened, line in (
        (open_rows, lambda n: [(n, c) for c in range(len(table[0]))]),
        (open_columns, lambda n: [(r, n) for r in range(len(table))]),
    ):
        if opened:
            lines.append([cell for n in opened for cell in line(n)])
    for line in lines:
        equations.append([float(cell in line) for cell in cells])
        totals.append(sum(table[r][c] for r, c in line if (r, c) in hidden))
    aim = [-float(cell == place) for cell in cells]
    found = linprog(aim, A_eq=equations, b_eq=totals, bounds=(0, None))
    return float("inf") if found.status == 3 else round(-found.fun, 6)


@given(st.lists(counts, min_size=1, max_size=8))
def test_a_hidden_count_of_a_list_could_be_large_for_all_one_can_tell(given_counts):
    hidden = hide_in_list(given_counts, least=LEAST)
    if hidden is None:
        assert sum(given_counts) < LEAST  # its total is hidden too
        return
    small = [n for n, each in enumerate(given_counts) if 0 < each < LEAST]
    assert set(small) <= hidden
    assert not small or sum(given_counts[n] for n in hidden) >= LEAST
    assert bool(small) == bool(hidden)


@given(tables())
def test_a_hidden_cell_of_a_table_could_be_large_for_all_one_can_work_out(table):
    hidden = hide_in_table(table, least=LEAST)
    small = {
        (r, c) for r, row in enumerate(table) for c, each in enumerate(row) if 0 < each < LEAST
    }
    if hidden is None:
        everything = {(r, c) for r in range(len(table)) for c in range(len(table[0]))}
        assert any(largest(table, place, everything) < LEAST for place in small)
        return
    assert small <= hidden
    assert bool(small) == bool(hidden)
    for place in small:
        assert largest(table, place, hidden) >= LEAST


@given(tables())
def test_totals_that_are_hidden_themselves_give_room(table):
    open_rows = hide_in_list([sum(row) for row in table], least=LEAST)
    open_columns = hide_in_list([sum(column) for column in zip(*table, strict=True)], least=LEAST)
    if open_rows is None or open_columns is None:
        return
    opened = {"open_rows": open_rows, "open_columns": open_columns}
    hidden = hide_in_table(table, least=LEAST, **opened)
    for place in hidden or ():
        if 0 < table[place[0]][place[1]] < LEAST:
            assert largest(table, place, hidden, **opened) >= LEAST


def test_the_cheapest_is_hidden():
    assert hide_in_list([3, 40, 9, 20], least=5) == {0, 2}
    assert hide_in_list([2, 2, 2, 9], least=5) == {0, 1, 2}  # six together tell on nobody
    assert hide_in_list([2, 2, 9, 40], least=5) == {0, 1, 2}
    assert hide_in_list([50, 9, 20], least=5) == set()
    table = [[3, 30], [20, 10], [8, 90]]
    assert hide_in_table(table, least=5) == {(0, 0), (0, 1), (1, 0), (1, 1)}


@pytest.mark.parametrize("table", [[[3, 0], [0, 90]], [[3, 20]]])
def test_where_totals_tell_it_all_nothing_can_be_shown(table):
    assert hide_in_table(table, least=5) is None
