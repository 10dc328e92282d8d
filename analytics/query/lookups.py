"""What has to be known before a query can be planned: extremes, and the most frequent values."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from .ast import Aggregate, Bins, Column, Condition, Dimension, Measure, Query
from .intervals import equal_edges
from .plan import ROWS, Group, Plan

Ask = Callable[[Plan], list[Group]]
"""Has a plan answered, whichever executor does it."""


def prepared(query: Query, ask: Ask) -> tuple[Dimension, ...]:
    """The query's dimensions, each with the bins and the values it asked to have looked up."""
    return tuple(_prepared(query, dimension, ask) for dimension in query.dimensions)


def _prepared(query: Query, dimension: Dimension, ask: Ask) -> Dimension:
    if dimension.bin_count is not None:
        low, high = extremes(query, dimension.column, query.spanned, ask)
        edges = () if low is None else equal_edges(low, high, dimension.bin_count)
        return replace(dimension, bins=Bins(edges))
    if dimension.top is not None:
        return replace(dimension, kept=_most_frequent(query, dimension, ask))
    return dimension


def sketched(query: Query) -> tuple[Dimension, ...]:
    """The same dimensions with nothing where something was to be looked up: enough to plan with."""
    return tuple(
        replace(
            each,
            bins=Bins() if each.bin_count is not None else each.bins,
            kept=() if each.bin_count is None and each.top is not None else each.kept,
        )
        for each in query.dimensions
    )


def looked_up(query: Query) -> list[str]:
    """The dimensions that ask for it, by name."""
    wanted = (each for each in query.dimensions if (each.bin_count, each.top) != (None, None))
    return [each.name for each in wanted]


def extremes(
    query: Query, column: Column, condition: Condition | None, ask: Ask
) -> tuple[Any, Any]:
    """The smallest and the largest value of a column, or None twice."""
    measures = tuple(
        Measure(name=each.value, aggregate=each, column=column)
        for each in (Aggregate.MIN, Aggregate.MAX)
    )
    ((_, (low, high)),) = ask(_plan(query, measures, (), condition))
    return low, high


def _most_frequent(query: Query, dimension: Dimension, ask: Ask) -> tuple[Any, ...]:
    """By the responses that give them; of two that are as frequent the smaller one goes first."""
    every = replace(dimension, top=None)
    groups = ask(_plan(query, (_rows(),), (every,), query.spanned))
    given = [(keys[0], values[0]) for keys, values in groups if keys[0] is not None]
    given.sort(key=lambda pair: (-pair[1], pair[0]))
    return tuple(key for key, _ in given[: dimension.top])


def _rows() -> Measure:
    return Measure(name=ROWS, aggregate=Aggregate.COUNT)


def _plan(
    query: Query,
    measures: Sequence[Measure],
    dimensions: tuple[Dimension, ...],
    condition: Condition | None,
) -> Plan:
    return Plan(
        measures=tuple(measures),
        dimensions=dimensions,
        condition=condition,
        weights=query.weights,
        max_time_ms=query.max_time_ms,
    )
