"""Counting the table a query is cut out of: respondents, and the answers behind each measure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from .ast import Aggregate, Condition, Dimension, Every, Measure, Query
from .axes import Axis
from .plan import Group, Plan
from .protecting import Cell
from .records import keys_of
from .scores import base_of

Ask = Callable[[Plan], list[Group]]
RESPONDENTS = ""
COUNTED = (Aggregate.COUNT, Aggregate.MISSING, Aggregate.CSAT)
"""What is told, or tells, how many respondents there are under a condition."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Per cell the respondents, and per measure that is worked out of answers how many of these."""

    axes: tuple[Axis, ...]
    counts: Mapping[Cell, int]
    answers: Mapping[str, Mapping[Cell, int]]


def read_table(query: Query, axes: Sequence[Axis], condition: Condition | None, ask: Ask) -> Table:
    """The table of all responses under a condition that is no part of it, such as a span."""
    grouped = [n for n, axis in enumerate(axes) if axis.dimension is not None]
    parted = [n for n, axis in enumerate(axes) if axis.dimension is None]
    chosen = list(product(*(range(len(axes[n].parts)) for n in parted)))
    figures = {each.name: each for each in query.measures if rests_on_answers(each)}
    plan = Plan(
        measures=tuple(_measures([axes[n] for n in parted], chosen, [None, *figures.values()])),
        dimensions=tuple(_named(axes[n].dimension, n) for n in grouped),
        condition=condition,
        weights=None,
        max_time_ms=query.max_time_ms,
    )
    found: dict[str, dict[Cell, int]] = {name: {} for name in (RESPONDENTS, *figures)}
    for keys, values in ask(plan):
        groups = keys_of(plan.dimensions, keys).values()
        numbers = iter(values)
        for parts in chosen:
            places = dict(zip((*grouped, *parted), (*groups, *parts), strict=True))
            cell = tuple(places[n] for n in range(len(axes)))
            for numbers_of in found.values():
                numbers_of[cell] = int(next(numbers))
    return Table(axes=tuple(axes), counts=found.pop(RESPONDENTS), answers=found)


def rests_on_answers(measure: Measure) -> bool:
    """Not so a count of answers, or a share of them: those are of respondents, with a filter."""
    return measure.column is not None and measure.aggregate not in COUNTED


def _named(dimension: Dimension | None, number: int) -> Dimension:
    assert dimension is not None  # noqa: S101 - others have parts
    return replace(dimension, name=f"axis{number}", missing=None)


def _measures(
    parted: Sequence[Axis], chosen: Sequence[Sequence[int]], figures: Sequence[Measure | None]
) -> Iterator[Measure]:
    for numbers in chosen:
        parts = tuple(axis.parts[n].condition for axis, n in zip(parted, numbers, strict=True))
        for figure in figures:
            scored = None if figure is None else base_of(figure)
            own = parts if scored is None else (*parts, scored)
            yield Measure(
                name="rows",
                aggregate=Aggregate.COUNT,
                column=None if figure is None else figure.column,
                condition=Every(own) if own else None,
            )
