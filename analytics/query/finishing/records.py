"""One row of an answer while it is being worked on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from analytics.query.ast import Dimension, Query, Shape
from analytics.query.intervals import bin_of
from analytics.query.plan import ROWS, SQUARES, Group, Plan, figures_of
from analytics.query.precision import Ends, interval_of, sure_measures
from analytics.query.rows import Row

SUPPRESSED = "suppressed"


class Rest(Enum):
    """The key of the group of all values beyond `top`; no answer, however it reads, equals it."""

    OTHER = "(other)"

    def __str__(self) -> str:
        return self.value


@dataclass(slots=True)
class Record:
    """`keys` are the groups as they are, None where there is no answer, whatever they are called.

    `count` is how many responses it rests on, or the sum of their weights, `squares` that of the
    squares of these; `intervals` are those of figures that have one, by name, and `extras` is what
    is shown beside the figures.
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


PLAIN = (str, int, float)


def records_of(query: Query, plan: Plan, groups: Iterable[Group]) -> list[Record]:
    """The records of the groups an executor found, in no order."""
    names = [measure.name for measure in plan.measures]
    dimensions = [dimension.name for dimension in plan.dimensions]
    are_plain = all(each.kept is None and each.bins is None for each in plan.dimensions)
    sure = sure_measures(query)
    records = []
    for found, values in groups:
        parts = dict(zip(names, values, strict=True))
        plain = dict(zip(dimensions, found, strict=True))
        keys = plain if are_plain else keys_of(plan.dimensions, found)
        record = Record(keys, figures_of(query, parts), parts[ROWS], parts.get(SQUARES))
        if sure:
            record.intervals = {
                each.name: interval_of(query, each, record.figures, parts) for each in sure
            }
        record.is_other = not are_plain and Rest.OTHER in keys.values()
        records.append(record)
    return records


def keys_of(dimensions: Sequence[Dimension], keys: Sequence[Any]) -> dict[str, Any]:
    """The groups an executor found, by the names of their dimensions."""
    pairs = zip(dimensions, keys, strict=True)
    return {dimension.name: _group(dimension, key) for dimension, key in pairs}


def _group(dimension: Dimension, key: Any) -> Any:
    if key is None:
        return None
    if dimension.kept is not None:
        return Rest.OTHER if key == -1 else dimension.kept[key]
    if dimension.bins is not None:
        return bin_of(dimension.bins, int(key))
    return key


def row_of(query: Query, record: Record) -> Row:
    """A record as the answer shows it."""
    keys = {each.name: shown(each, record.keys[each.name]) for each in query.dimensions}
    hidden = {SUPPRESSED: True} if record.suppressed else {}
    if query.shape is not Shape.SHORT:
        return {**keys, **record.figures, **record.extras, **hidden}
    group: Any = keys if query.named_groups and keys else next(iter(keys.values()), None)
    return {"_id": group, **record.figures, **record.extras, **hidden}


def shown(dimension: Dimension, key: Any) -> Any:
    """What a group is called in the answer."""
    if isinstance(key, PLAIN):
        return key
    if key is None:
        return dimension.missing
    return list(key) if isinstance(key, tuple) else str(key)
