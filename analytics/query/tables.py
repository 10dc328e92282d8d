"""Counting the table a query is cut out of: respondents, and the answers behind each measure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from .ast import Aggregate, Condition, Dimension, Every, Measure, Query
from .axes import Axis
from .plan import Group, Plan
from .protecting import Cell
from .records import keys_of, place_of_keys

Ask = Callable[[Plan], list[Group]]
RESPONDENTS = ""
COUNTED = (Aggregate.COUNT, Aggregate.MISSING)
"""Measures that tell how many answers there are, and so how many there are not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Per cell the respondents, and per measure of a field what must not be few of them: those
    who answer it and, for measures that tell it, those who do not.
    """

    axes: tuple[Axis, ...]
    counts: Mapping[Cell, int]
    answers: Mapping[str, Sequence[Mapping[Cell, int]]]


def read_table(query: Query, axes: Sequence[Axis], condition: Condition | None, ask: Ask) -> Table:
    """The table of all responses under a condition that is no part of it, such as a span."""
    grouped = [n for n, axis in enumerate(axes) if axis.dimension is not None]
    parted = [n for n, axis in enumerate(axes) if axis.dimension is None]
    chosen = list(product(*(range(len(axes[n].parts)) for n in parted)))
    figures = {each.name: each for each in query.measures if each.column is not None}
    plan = Plan(
        measures=tuple(_measures([axes[n] for n in parted], chosen, [None, *figures.values()])),
        dimensions=tuple(_named(axes[n].dimension, n) for n in grouped),
        condition=condition,
        weights=None,
        max_time_ms=query.max_time_ms,
    )
    found: dict[str, dict[Cell, int]] = {name: {} for name in (RESPONDENTS, *figures)}
    for keys, values in ask(plan):
        groups = place_of_keys(keys_of(plan.dimensions, keys))
        numbers = iter(values)
        for parts in chosen:
            places = dict(zip((*grouped, *parted), (*groups, *parts), strict=True))
            cell = tuple(places[n] for n in range(len(axes)))
            for numbers_of in found.values():
                numbers_of[cell] = int(next(numbers))
    counts = found.pop(RESPONDENTS)
    return Table(
        axes=tuple(axes),
        counts=counts,
        answers={name: _few(figures[name], counts, each) for name, each in found.items()},
    )


def _few(
    figure: Measure, counts: Mapping[Cell, int], answered: Mapping[Cell, int]
) -> list[Mapping[Cell, int]]:
    if figure.aggregate not in COUNTED:
        return [answered]
    return [answered, {cell: count - answered[cell] for cell, count in counts.items()}]


def _named(dimension: Dimension | None, number: int) -> Dimension:
    assert dimension is not None  # noqa: S101 - others have parts
    return replace(dimension, name=f"axis{number}", missing=None)


def _measures(
    parted: Sequence[Axis], chosen: Sequence[Sequence[int]], figures: Sequence[Measure | None]
) -> Iterator[Measure]:
    for numbers in chosen:
        parts = tuple(axis.parts[n].condition for axis, n in zip(parted, numbers, strict=True))
        condition = Every(parts) if parts else None
        for figure in figures:
            column = None if figure is None else figure.column
            yield Measure(
                name="rows", aggregate=Aggregate.COUNT, column=column, condition=condition
            )
