"""The total order of rows: the same question always has the same rows and the same cut."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .ast import Query
from .intervals import Interval
from .records import Record

Place = Sequence[Any]
"""Where a row stands: whether it is that of all other values, then a value per key of the order."""


def place_of(query: Query, record: Record) -> Place:
    """A missing value is None, which sorts below every other."""
    missing = {dimension.name: dimension.missing for dimension in query.dimensions}
    values: list[Any] = [record.is_other]
    for key in query.order:
        if key.name in record.figures:
            values.append(record.figures[key.name])
            continue
        value = record.keys[key.name]
        if isinstance(value, Interval):
            value = value.start
        values.append(None if value == missing[key.name] else value)
    return values


def comparison(query: Query) -> Callable[[Place, Place], int]:
    """Compares two places: negative where the first one comes before."""
    signs = [1, *(-1 if key.descending else 1 for key in query.order)]

    def compare(left: Place, right: Place) -> int:
        for sign, one, two in zip(signs, left, right, strict=True):
            if verdict := _below(one, two):
                return sign * verdict
        return 0

    return compare


def in_order(query: Query, records: Sequence[Record]) -> list[Record]:
    key = functools.cmp_to_key(comparison(query))
    return sorted(records, key=lambda record: key(place_of(query, record)))


def _below(left: Any, right: Any) -> int:
    if left is None or right is None:
        return (left is not None) - (right is not None)
    return int(left > right) - int(left < right)
