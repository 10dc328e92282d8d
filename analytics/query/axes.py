"""The table a query is cut out of: one axis per field it groups by or filters by.

Whether a field groups or filters, the table and so what is hidden of it is the same, and no answer
shows what another one hides. A filter of values cuts along each value of its field; one of ranges
or of texts along its own bounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from .ast import (
    Between,
    Bound,
    Column,
    Condition,
    Dimension,
    Every,
    In,
    Negation,
    Sampled,
    Some,
    leaves_of,
)
from .columns import DATA
from .errors import QueryError
from .fields import Kind

MOST_PARTS = 64


@dataclass(frozen=True, slots=True)
class Part:
    """Responses on one side of some tests: which of them hold there."""

    condition: Condition
    held: frozenset[Condition]


@dataclass(frozen=True, slots=True)
class Axis:
    """Groups of a dimension, or the parts some tests of one column make."""

    column: Column
    dimension: Dimension | None = None
    parts: tuple[Part, ...] = ()

    def knows(self, leaf: Condition) -> bool:
        """Whether a test of the column parts no group of it: buckets and bins are too coarse."""
        if self.dimension is None:
            return any(leaf in part.held for part in self.parts)
        coarse = (self.dimension.granularity, self.dimension.bins, self.dimension.kept)
        return all(each is None for each in coarse)

    def holds(self, leaf: Condition, key: Any) -> bool:
        """Whether a test of the column is true of a group or a part (given by its number)."""
        return leaf in self.parts[key].held if self.dimension is None else holds(leaf, key)


def option_axis(column: Column, option: str | None) -> Axis:
    """Who chose an option (None: answered nothing) and who did not."""
    chosen = In(column, (), or_missing=True) if option is None else In(column, (option,))
    return Axis(column, parts=_parts([chosen]))


def filter_axes(condition: Condition | None, known: Sequence[Column]) -> list[Axis]:
    """An axis per column a condition tests, but for columns that have one."""
    leaves: dict[Column, list[Condition]] = {}
    for leaf in leaves_of(condition):
        if isinstance(leaf, Sampled):
            message = "Where small groups are hidden no sample is taken: it could differ by one."
            raise QueryError("sample", "small_groups", message)
        if not isinstance(leaf, Every | Some | Negation) and leaf.column not in known:
            leaves.setdefault(leaf.column, []).append(leaf)
    return [_axis(column, tests) for column, tests in leaves.items()]


def is_true(condition: Condition | None, axes: Sequence[Axis], cell: Sequence[Any]) -> bool:
    """Whether a condition holds in a cell, which has a key per axis."""
    if condition is None:
        return True
    if isinstance(condition, Every):
        return all(is_true(each, axes, cell) for each in condition.conditions)
    if isinstance(condition, Some):
        return any(is_true(each, axes, cell) for each in condition.conditions)
    if isinstance(condition, Negation):
        return not is_true(condition.condition, axes, cell)
    assert not isinstance(condition, Sampled)  # noqa: S101 - refused
    # A field that groups may also have an axis for what is asked of it: that one is made of tests.
    axis, key = min(
        (
            (axis, key)
            for axis, key in zip(axes, cell, strict=True)
            if axis.column == condition.column and axis.knows(condition)
        ),
        key=lambda pair: pair[0].dimension is not None,
    )
    return axis.holds(condition, key)


def has_values(column: Column, tests: Sequence[Condition]) -> bool:
    """Whether tests of a column are about its values one by one."""
    if column.kind is Kind.OPTIONS:
        return False
    one_by_one = column.whole or column.kind in (Kind.CHOICE, Kind.BOOLEAN)
    return all(isinstance(test, In) or (one_by_one and isinstance(test, Between)) for test in tests)


def _axis(column: Column, tests: Sequence[Condition]) -> Axis:
    if has_values(column, tests):
        return Axis(column, dimension=Dimension(name=".".join(column.path), column=column))
    return Axis(column, parts=_parts(tests))


def _parts(tests: Sequence[Condition]) -> tuple[Part, ...]:
    """Conditions of which every response fits exactly one. Raises QueryError for very many."""
    sides = [_sides(test) for test in dict.fromkeys(tests)]
    number = 1
    for each in sides:
        number *= len(each)
    if number > MOST_PARTS:
        message = "Where small groups are hidden a filter has fewer tests: leave some out."
        raise QueryError("filter", "too_many_conditions", message)
    return tuple(
        Part(
            Every(tuple(condition for condition, _ in chosen)),
            frozenset(leaf for _, leaf in chosen if leaf is not None),
        )
        for chosen in product(*sides)
    )


def _sides(test: Condition) -> list[tuple[Condition, Condition | None]]:
    """What lies on either side of a test, and beside what the test is where it holds."""
    if isinstance(test, In) and test.column.kind is Kind.OPTIONS and len(test.values) > 1:
        message = "Where small groups are hidden a filter names one option of several at a time."
        raise QueryError("filter", "small_groups", message)
    if not isinstance(test, Between):
        return [(test, test), (Negation(test), None)]
    sides: list[tuple[Condition, Condition | None]] = [(test, test)]
    if test.column.path[0] == DATA:  # facts about responses are never missing
        sides.append((In(test.column, (), or_missing=True), None))
    if test.low is not None:
        high = Bound(test.low.value, inclusive=not test.low.inclusive)
        sides.append((Between(test.column, high=high), None))
    if test.high is not None:
        low = Bound(test.high.value, inclusive=not test.high.inclusive)
        sides.append((Between(test.column, low=low), None))
    return sides


def holds(leaf: Condition, key: Any) -> bool:
    """Whether a test of values is true of one; None: of a missing one."""
    if isinstance(leaf, In):
        return leaf.or_missing if key is None else key in leaf.values
    assert isinstance(leaf, Between)  # noqa: S101 - other tests have parts
    return key is not None and _is_above(leaf.low, key) and _is_below(leaf.high, key)


def _is_above(bound: Bound | None, key: Any) -> bool:
    return bound is None or key > bound.value or (bound.inclusive and key == bound.value)


def _is_below(bound: Bound | None, key: Any) -> bool:
    return bound is None or key < bound.value or (bound.inclusive and key == bound.value)
