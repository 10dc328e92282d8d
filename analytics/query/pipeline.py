"""Printing a query as a MongoDB aggregation pipeline.

Paths come from the form's registry of fields and values stand where MongoDB compares and never
evaluates them, so nothing a caller wrote can become an operator or a path. Groups are called d0,
d1 … inside and get their names back in `rows`.
"""

from collections.abc import Callable
from typing import Any

from .ast import (
    Aggregate,
    Between,
    Column,
    Condition,
    Dimension,
    Every,
    Granularity,
    In,
    Negation,
    Query,
)
from .columns import DATA
from .fields import Kind

Stage = dict[str, Any]

FORMATS = {
    Granularity.HOUR: "%Y-%m-%dT%H:00%z",
    Granularity.DAY: "%Y-%m-%d",
    Granularity.WEEK: "%G-W%V",
    Granularity.MONTH: "%Y-%m",
    Granularity.YEAR: "%Y",
}
"""The label of a bucket. MongoDB's and the C library's letters mean the same here."""


def to_pipeline(query: Query) -> list[Stage]:
    """The stages after the one that picks the form's live responses."""
    stages: list[Stage] = []
    if query.condition is not None:
        stages.append({"$match": _match(query.condition)})
    stages += [_unwind(d.column) for d in query.dimensions if d.column.kind is Kind.OPTIONS]
    stages.append({"$group": {"_id": _group(query), "value": _accumulate(query)}})
    if query.dimensions:
        stages.append({"$sort": _sort(query)})
    stages.append({"$limit": query.limit})
    return stages


def _path(column: Column) -> str:
    return ".".join(column.path)


def _match(condition: Condition) -> Stage:
    if isinstance(condition, In):
        return _match_in(condition)
    if isinstance(condition, Between):
        return {_path(condition.column): _bounds(condition)}
    if isinstance(condition, Negation):
        return {"$nor": [_match(condition.condition)]}
    operator = "$and" if isinstance(condition, Every) else "$or"
    members = [_match(member) for member in condition.conditions]
    return {operator: members} if members else {}


def _match_in(condition: In) -> Stage:
    path = _path(condition.column)
    values = list(condition.values)
    equals: list[Stage] = []
    if len(values) == 1:
        equals.append({path: {"$eq": values[0]}})
    elif values:
        equals.append({path: {"$in": values}})
    if condition.or_missing:
        equals.append({path: {"$eq": None}})
    return equals[0] if len(equals) == 1 else {"$or": equals}


def _bounds(condition: Between) -> Stage:
    bounds: Stage = {}
    if condition.low is not None:
        bounds["$gte" if condition.low.inclusive else "$gt"] = condition.low.value
    if condition.high is not None:
        bounds["$lte" if condition.high.inclusive else "$lt"] = condition.high.value
    return bounds


def _unwind(column: Column) -> Stage:
    return {"$unwind": {"path": f"${_path(column)}", "preserveNullAndEmptyArrays": True}}


def _group(query: Query) -> Any:
    if not query.dimensions:
        return None
    return {f"d{place}": _key(each) for place, each in enumerate(query.dimensions)}


def _key(dimension: Dimension) -> Any:
    path = f"${_path(dimension.column)}"
    if dimension.granularity is None:
        return {"$ifNull": [path, None]}
    date: Any = path
    if dimension.column.path[0] == DATA:
        date = {"$dateFromString": {"dateString": path, "onNull": None, "onError": None}}
    return {
        "$dateToString": {
            "date": date,
            "format": FORMATS[dimension.granularity],
            "timezone": dimension.timezone,
            "onNull": None,
        }
    }


def _accumulate(query: Query) -> Stage:
    if query.value is None:
        return {"$sum": 1}
    path = f"${_path(query.value)}"
    if query.aggregate is Aggregate.COUNT:
        return {"$sum": {"$cond": [{"$eq": [{"$ifNull": [path, None]}, None]}, 0, 1]}}
    return _ACCUMULATORS[query.aggregate](path)


_ACCUMULATORS: dict[Aggregate, Callable[[str], Stage]] = {
    Aggregate.SUM: lambda path: {"$sum": path},
    Aggregate.AVG: lambda path: {"$avg": path},
    Aggregate.MIN: lambda path: {"$min": path},
    Aggregate.MAX: lambda path: {"$max": path},
}


def _sort(query: Query) -> dict[str, int]:
    """A missing group or value sorts below every other, as BSON does."""
    return {
        "value" if key.place is None else f"_id.d{key.place}": -1 if key.descending else 1
        for key in query.order
    }
