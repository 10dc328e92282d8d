"""The rows of an answer, the same whichever executor found them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from formplatform.core import clock

from .ast import Aggregate, Query

Row = dict[str, Any]


def to_rows(query: Query, found: Iterable[tuple[Sequence[Any], Any]]) -> list[Row]:
    """`{_id, value}` per group, from pairs of group keys and value, in order.

    Without `group_by` there is always one row, also where nothing matched.
    """
    rows = [{"_id": _group(query, keys), "value": plain(value)} for keys, value in found]
    if not rows and not query.dimensions:
        empty = 0 if query.aggregate in (Aggregate.COUNT, Aggregate.SUM) else None
        rows.append({"_id": None, "value": empty})
    return rows


def _group(query: Query, keys: Sequence[Any]) -> Any:
    if not query.dimensions:
        return None
    if not query.crosstab:
        return plain(keys[0])
    pairs = zip(query.dimensions, keys, strict=True)
    return {dimension.name: plain(key) for dimension, key in pairs}


def plain(value: Any) -> Any:
    """A value JSON can carry; a whole number is an integer whichever store added it up."""
    if isinstance(value, datetime):
        return clock.to_text(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
