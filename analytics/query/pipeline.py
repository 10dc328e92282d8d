"""Printing a plan as a MongoDB aggregation pipeline.

Paths come from the form's registry of fields and values stand where MongoDB compares and never
evaluates them, so nothing a caller wrote can become an operator or a path. Groups are called d0,
d1 … inside and get their names back in the answer.
"""

from collections.abc import Callable, Iterable
from typing import Any

from . import limits
from .ast import (
    Aggregate,
    Between,
    Bins,
    Column,
    Condition,
    Dimension,
    Every,
    Granularity,
    In,
    Matches,
    Measure,
    Negation,
    NoOptions,
    Sampled,
    Scalar,
    Some,
    WeekStart,
    leaves_of,
)
from .columns import DATA
from .fields import Kind
from .plan import Group, Plan
from .rows import plain

Stage = dict[str, Any]

FORMATS = {
    Granularity.MINUTE: "%Y-%m-%dT%H:%M%z",
    Granularity.HOUR: "%Y-%m-%dT%H:00%z",
    Granularity.DAY: "%Y-%m-%d",
    Granularity.WEEK: "%G-W%V",
    Granularity.MONTH: "%Y-%m",
    Granularity.YEAR: "%Y",
    Granularity.HOUR_OF_DAY: "%H",
    Granularity.DAY_OF_WEEK: "%u",
}
"""The label of a bucket, where one format makes it."""


def refusal(plan: Plan) -> str | None:
    """Why a pipeline can't answer a plan as exactly as the columns do; None where it can."""
    if plan.weights is not None:
        return "weights are computed over columns"
    if any(isinstance(each, Matches | Sampled) for each in leaves_of(plan.condition)):
        return "searching texts and sampling go over columns"
    unwound = [each.column for each in _unwound(plan)]
    if {each.column for each in plan.measures} & set(unwound):
        return "a figure of the options that are grouped by is computed over columns"
    if len(set(unwound)) < len(unwound):
        return "options grouped by twice are computed over columns"
    reasons = [*map(_measure_refusal, plan.measures), *map(_dimension_refusal, plan.dimensions)]
    return next(filter(None, reasons), None)


def _unwound(plan: Plan) -> list[Dimension]:
    return [each for each in plan.dimensions if each.column.kind is Kind.OPTIONS]


def _measure_refusal(measure: Measure) -> str | None:
    if measure.aggregate not in _ACCUMULATORS:
        return f"{measure.aggregate.value} is computed over columns"
    if measure.condition is not None and not _is_bounded(measure):
        return "the filter of a measure is computed over columns"
    return None


def _is_bounded(measure: Measure) -> bool:
    """Whether its filter is that its own number lies between two: in no order of MongoDB's does
    anything but a number.
    """
    is_number = measure.column is not None and measure.column.kind is Kind.NUMBER
    return is_number and measure.own_bounds is not None and measure.aggregate in _OF_VALUES


def _dimension_refusal(dimension: Dimension) -> str | None:
    if dimension.granularity is not None and not _has_label(dimension):
        return "these buckets are computed over columns"
    if dimension.column.kind is Kind.OPTIONS and not dimension.explode:
        return "whole lists of options are compared over columns"
    return None


def _has_label(dimension: Dimension) -> bool:
    if dimension.granularity is Granularity.WEEK:
        return dimension.week_start is WeekStart.MONDAY
    return dimension.granularity in FORMATS


def to_pipeline(plan: Plan) -> list[Stage]:
    """The stages after the one that picks the form's live responses."""
    stages: list[Stage] = []
    if plan.condition is not None:
        stages.append({"$match": _match(plan.condition)})
    for each in _unwound(plan):
        stages += _unwind(each)
    figures = {f"v{place}": _accumulate(each) for place, each in enumerate(plan.measures)}
    stages.append({"$group": {"_id": _group(plan), **figures}})
    stages.append({"$limit": limits.MAX_GROUPS + 1})
    return stages


def groups_of(plan: Plan, found: Iterable[Stage]) -> list[Group]:
    """The groups in what the pipeline found; without dimensions there is always one."""
    places = range(len(plan.dimensions))
    groups = [
        (
            tuple(plain(row["_id"][f"d{place}"]) for place in places),
            tuple(
                _figure(measure, row[f"v{place}"]) for place, measure in enumerate(plan.measures)
            ),
        )
        for row in found
    ]
    if not groups and not plan.dimensions:
        groups.append(((), tuple(_EMPTY.get(each.aggregate) for each in plan.measures)))
    return groups


_EMPTY = {Aggregate.COUNT: 0, Aggregate.MISSING: 0, Aggregate.SUM: 0}


def _figure(measure: Measure, value: Any) -> Any:
    if measure.aggregate is Aggregate.VARIANCE and value is not None:
        return plain(value**2)
    return plain(value)


def _path(column: Column) -> str:
    return ".".join(column.path)


def _match(condition: Condition) -> Stage:
    if isinstance(condition, In):
        return _match_in(condition)
    if isinstance(condition, Between):
        return {_path(condition.column): _bounds(condition)}
    if isinstance(condition, Negation):
        return {"$nor": [_match(condition.condition)]}
    if isinstance(condition, NoOptions):
        return {_path(condition.column): {"$size": 0}}
    if not isinstance(condition, Every | Some):
        raise TypeError(f"{type(condition).__name__} has no form in a pipeline: see refusal().")
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
    if condition.low is None and condition.high is None:
        return {"$ne": None}
    bounds: Stage = {}
    if condition.low is not None:
        bounds["$gte" if condition.low.inclusive else "$gt"] = condition.low.value
    if condition.high is not None:
        bounds["$lte" if condition.high.inclusive else "$lt"] = condition.high.value
    return bounds


def _unwind(dimension: Dimension) -> list[Stage]:
    """A document per option; with `kept` per place, so that all other options are one of them."""
    path = _path(dimension.column)
    unwind = {"$unwind": {"path": f"${path}", "preserveNullAndEmptyArrays": True}}
    if dimension.kept is None:
        return [unwind]
    places = {"$map": {"input": f"${path}", "in": _place(dimension.kept, "$$this")}}
    each_once = {"$cond": [{"$isArray": f"${path}"}, {"$setUnion": [places]}, None]}
    return [{"$set": {path: each_once}}, unwind]


def _group(plan: Plan) -> Any:
    if not plan.dimensions:
        return None
    return {f"d{place}": _key(each) for place, each in enumerate(plan.dimensions)}


def _key(dimension: Dimension) -> Any:
    path = f"${_path(dimension.column)}"
    if dimension.kept is not None and dimension.column.kind is not Kind.OPTIONS:
        place = _place(dimension.kept, path)
        return {"$cond": [{"$eq": [{"$ifNull": [path, None]}, None]}, None, place]}
    if dimension.bins is not None:
        return {"$cond": [{"$isNumber": path}, _bin(dimension.bins, path), None]}
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


def _place(kept: tuple[Scalar, ...], value: str) -> Stage:
    return {"$indexOfArray": [{"$literal": list(kept)}, value]}


def _bin(bins: Bins, path: str) -> Any:
    if bins.width is not None:
        return _place_by_width(path, bins.width)
    return {"$sum": [{"$cond": [{"$gte": [path, edge]}, 1, 0]} for edge in bins.edges] or [0]}


def _place_by_width(path: str, width: float) -> Any:
    """The n of n * width <= value < (n + 1) * width, which a rounded division may miss by one."""
    next_start = {"$multiply": [{"$add": ["$$place", 1]}, width]}
    corrected = {
        "$add": [
            "$$place",
            {"$cond": [{"$lte": [next_start, path]}, 1, 0]},
            {"$cond": [{"$gt": [{"$multiply": ["$$place", width]}, path]}, -1, 0]},
        ]
    }
    place = _within_integers({"$floor": {"$divide": [path, width]}})
    return _within_integers({"$let": {"vars": {"place": place}, "in": corrected}})


def _within_integers(number: Any) -> Any:
    most = limits.LARGEST_INTEGER
    return {"$max": [-most, {"$min": [number, most]}]}


def _accumulate(measure: Measure) -> Stage:
    path: Any = None if measure.column is None else f"${_path(measure.column)}"
    if measure.own_bounds is not None:
        tests = [{test: [path, value]} for test, value in _bounds(measure.own_bounds).items()]
        path = {"$cond": [{"$and": tests}, path, None]}
    return _ACCUMULATORS[measure.aggregate](path)


def _counted(path: Any, *, missing: bool) -> Stage:
    if path is None:
        return {"$sum": 1}
    there, gone = (0, 1) if missing else (1, 0)
    return {"$sum": {"$cond": [{"$eq": [{"$ifNull": [path, None]}, None]}, gone, there]}}


Accumulate = Callable[[Any], Stage]
_OF_VALUES: dict[Aggregate, Accumulate] = {
    Aggregate.COUNT: lambda path: _counted(path, missing=False),
    Aggregate.SUM: lambda path: {"$sum": path},
    Aggregate.AVG: lambda path: {"$avg": path},
    Aggregate.MIN: lambda path: {"$min": path},
    Aggregate.MAX: lambda path: {"$max": path},
    Aggregate.STDDEV: lambda path: {"$stdDevSamp": path},
    Aggregate.VARIANCE: lambda path: {"$stdDevSamp": path},
}
_ACCUMULATORS: dict[Aggregate, Accumulate] = {
    **_OF_VALUES,
    Aggregate.MISSING: lambda path: _counted(path, missing=True),
}
