"""One row of an answer while it is being worked on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .ast import Dimension, Query, Shape
from .intervals import bin_of
from .plan import ROWS, SQUARES, Group, Plan, figures_of
from .precision import Ends, interval_of, sure_measures
from .rows import Row

SUPPRESSED = "suppressed"
OTHER = "(other)"
"""What the row of the values beyond `top` is called."""


@dataclass(slots=True)
class Record:
    """`count` is how many responses it rests on, or the sum of their weights, `squares` that of
    the squares of these; `intervals` are those of figures that have one, by name, and `extras` is
    what is shown beside the figures.
    """

    keys: dict[str, Any]
    figures: dict[str, Any]
    count: float
    squares: float | None = None
    is_other: bool = False
    suppressed: bool = False
    """Whether figures are hidden, here or because of another one: None then."""
    intervals: dict[str, Ends | None] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)


def records_of(query: Query, plan: Plan, groups: Iterable[Group]) -> list[Record]:
    """The records of the groups an executor found, in no order."""
    names = [measure.name for measure in plan.measures]
    records = []
    for keys, values in groups:
        parts = dict(zip(names, values, strict=True))
        records.append(_record(query, plan.dimensions, keys, parts))
    return records


def _record(
    query: Query, dimensions: Sequence[Dimension], keys: Sequence[Any], parts: dict[str, Any]
) -> Record:
    pairs = list(zip(dimensions, keys, strict=True))
    figures = figures_of(query, parts)
    return Record(
        keys=keys_of(dimensions, keys),
        figures=figures,
        count=parts[ROWS],
        squares=parts.get(SQUARES),
        is_other=any(dimension.kept is not None and key == -1 for dimension, key in pairs),
        intervals={
            each.name: interval_of(query, each, figures, parts) for each in sure_measures(query)
        },
    )


def keys_of(dimensions: Sequence[Dimension], keys: Sequence[Any]) -> dict[str, Any]:
    """The groups of an executor as the answer calls them."""
    pairs = zip(dimensions, keys, strict=True)
    return {dimension.name: _shown(dimension, key) for dimension, key in pairs}


def place_of_keys(keys: Mapping[str, Any]) -> tuple[Any, ...]:
    """The same as something to look a record up by."""
    return tuple(tuple(key) if isinstance(key, list) else key for key in keys.values())


def _shown(dimension: Dimension, key: Any) -> Any:
    """What a group is called in the answer."""
    if key is None:
        return dimension.missing
    if dimension.kept is not None:
        return OTHER if key == -1 else dimension.kept[key]
    if dimension.bins is not None:
        return bin_of(dimension.bins, int(key))
    return list(key) if isinstance(key, tuple) else key


def row_of(query: Query, record: Record) -> Row:
    """A record as the answer shows it."""
    keys = {name: shown_as_text(key) for name, key in record.keys.items()}
    hidden = {SUPPRESSED: True} if record.suppressed else {}
    if query.shape is not Shape.SHORT:
        return {**keys, **record.figures, **record.extras, **hidden}
    group: Any = keys if query.named_groups and keys else next(iter(keys.values()), None)
    return {"_id": group, **record.figures, **record.extras, **hidden}


def shown_as_text(key: Any) -> Any:
    """A group as JSON shows it: an interval becomes a text."""
    return key if key is None or isinstance(key, str | int | float | list) else str(key)
