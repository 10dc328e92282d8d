"""The total order of rows: the same question always has the same rows and the same cut."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

from analytics.query.ast import Query, SortKey
from analytics.query.intervals import Interval

from .records import Record, Rest

Place = Sequence[Any]
"""Where a row stands: whether it is that of all other values, then a value per key of the order."""
BEYOND: list[str] = []
"""All other values among the values of one key, of which none is an empty list: after them all."""


def place_of(query: Query, record: Record) -> Place:
    """A missing value is None, which sorts below every other."""
    values = (
        _plain(record.keys[key.name]) if key.is_group else record.figures[key.name]
        for key in query.order
    )
    return [record.is_other, *values]


def _plain(key: Any) -> Any:
    """A group as a value that can be compared, and written into a cursor."""
    if isinstance(key, Interval):
        return key.start
    if isinstance(key, tuple):
        return list(key)
    return BEYOND if key is Rest.OTHER else key


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
    """By the last key of the order first: what is equal in a later sorting stays in its order."""
    ordered = list(records)
    for key in reversed(query.order):
        ordered.sort(key=_rank_by(key), reverse=key.descending)
    ordered.sort(key=operator.attrgetter("is_other"))
    return ordered


def _rank_by(key: SortKey) -> Callable[[Record], tuple[int, Any]]:
    """Something to sort records by as `comparison` compares their values of a key."""
    name = key.name
    if key.is_group:
        return lambda record: _rank(_plain(record.keys[name]))
    return lambda record: _rank(record.figures[name])


def _rank(value: Any) -> tuple[int, Any]:
    if value is None:
        return 0, None
    return (2, None) if value == BEYOND else (1, value)


def _below(left: Any, right: Any) -> int:
    if left is None or right is None:
        return (left is not None) - (right is not None)
    if BEYOND in (left, right):
        return int(left == BEYOND) - int(right == BEYOND)
    return int(left > right) - int(left < right)
