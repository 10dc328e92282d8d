"""What an executor is asked: aggregates of a few columns per group, and nothing else.

Everything that comes after (having, order, paging, shares, totals) is worked out once for all
executors in `finishing`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .ast import Aggregate, Column, Condition, Dimension, Measure, Query
from .precision import interval_parts, sure_measures
from .scores import score_of, score_parts

Group = tuple[tuple[Any, ...], tuple[Any, ...]]
"""The keys of a group, one per dimension, and its figures, one per measure of the plan."""

ROWS = "rows"
"""The measure every plan begins with: the responses of the group (weighted where they are)."""

SQUARES = "squares"
"""The measure of a weighted plan that the effective sample size comes from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    measures: tuple[Measure, ...]
    dimensions: tuple[Dimension, ...]
    condition: Condition | None
    weights: Column | None
    max_time_ms: int


def plan_of(query: Query, *, condition: Condition | None) -> Plan:
    """The plan of a query under a condition, which holds its span."""
    parts = {ROWS: Measure(name=ROWS, aggregate=Aggregate.COUNT)}
    if query.weights is not None:
        # Weighted itself, as everything is: the sum of the squares.
        squares = Measure(name=SQUARES, aggregate=Aggregate.SUM, column=query.weights)
        parts[SQUARES] = squares
    for measure in query.measures:
        parts |= {part.name: part for part in _parts(measure)}
    for measure in sure_measures(query):
        parts |= {part.name: part for part in interval_parts(query, measure)}
    return Plan(
        measures=tuple(parts.values()),
        dimensions=query.dimensions,
        condition=condition,
        weights=query.weights,
        max_time_ms=query.max_time_ms,
    )


def _parts(measure: Measure) -> list[Measure]:
    """What a measure is put together from. A ratio is of other measures, which are there."""
    if measure.aggregate is Aggregate.RATIO:
        return []
    if measure.scale is not None:
        return score_parts(measure)
    return [replace(measure, name=f"m:{measure.name}")]


def figures_of(query: Query, parts: Mapping[str, Any]) -> dict[str, Any]:
    """The query's measures from the parts an executor found, by name."""
    figures: dict[str, Any] = {}
    for measure in query.measures:
        if measure.scale is not None:
            figures[measure.name] = score_of(measure, parts)
        elif measure.aggregate is Aggregate.RATIO:
            figures[measure.name] = None  # takes its place in the order
        else:
            figures[measure.name] = parts[f"m:{measure.name}"]
    for measure in query.measures:
        if measure.ratio is not None:
            numerator, denominator = (figures[name] for name in measure.ratio)
            whole = numerator is not None and denominator
            figures[measure.name] = numerator / denominator if whole else None
    return figures
