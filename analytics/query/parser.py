"""From JSON to an unresolved query: keys, shapes, operators and limits; no field is looked up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import limits
from .ast import Aggregate, Granularity
from .errors import QueryError, unknown

KEYS = ("aggregate", "value", "group_by", "filter", "sort", "limit")
OPERATORS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists")
GROUPS = ("$and", "$or", "$not")
DIMENSION_KEYS = ("field", "granularity", "timezone")
SORT_KEYS = ("field", "desc")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A name, an operator and an operand nobody has looked at, with its place in the query."""

    path: str
    name: str
    operator: str
    operand: Any


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions under $and, $or or $not; `$not` has one."""

    operator: str
    members: tuple["Node", ...]


Node = Comparison | Group


@dataclass(frozen=True, slots=True)
class DimensionAsked:
    path: str
    name: str
    granularity: Granularity | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class SortAsked:
    name: str
    descending: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    aggregate: Aggregate
    value: str | None
    dimensions: tuple[DimensionAsked, ...]
    crosstab: bool
    filter: Node | None
    sort: SortAsked | None
    limit: int


def parse(query: object) -> Parsed:
    """Check the form of a query. Raises QueryError."""
    body = _object(query, path="", keys=KEYS)
    aggregate = _aggregate(body)
    value = body.get("value")
    if value is not None:
        value = _name(value, path="value")
    elif aggregate is not Aggregate.COUNT:
        raise QueryError("value", "required", f'"{aggregate.value}" needs "value": which field?')
    return Parsed(
        aggregate=aggregate,
        value=value,
        dimensions=tuple(_dimensions(body.get("group_by"))),
        crosstab=isinstance(body.get("group_by"), list),
        filter=_FilterParser().parse(body["filter"]) if "filter" in body else None,
        sort=_sort(body["sort"]) if "sort" in body else None,
        limit=_limit(body.get("limit", limits.DEFAULT_LIMIT)),
    )


def _object(value: object, *, path: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise QueryError(path or "query", "wrong_type", "An object is wanted here.")
    for key in value:
        if key not in keys:
            raise unknown(_below(path, str(key)), "key", str(key), known=keys)
    return value


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _aggregate(body: Mapping[str, Any]) -> Aggregate:
    known = [each.value for each in Aggregate]
    if "aggregate" not in body:
        raise QueryError("aggregate", "required", f"Say one of: {', '.join(known)}.")
    asked = body["aggregate"]
    if not isinstance(asked, str):
        raise QueryError("aggregate", "wrong_type", f"A text is wanted: {', '.join(known)}.")
    if asked not in known:
        raise unknown("aggregate", "aggregate", asked, known=known)
    return Aggregate(asked)


def _name(value: object, *, path: str) -> str:
    if not isinstance(value, str) or not value:
        raise QueryError(path, "wrong_type", "The name of a field is wanted here, as a text.")
    return value


def _dimensions(asked: object) -> Iterator[DimensionAsked]:
    if asked is None:
        return
    if not isinstance(asked, list):
        yield _dimension(asked, path="group_by")
        return
    if not 1 <= len(asked) <= limits.MAX_DIMENSIONS:
        most = limits.MAX_DIMENSIONS
        raise QueryError("group_by", "out_of_range", f"Group by one to {most} fields.")
    for place, each in enumerate(asked):
        yield _dimension(each, path=f"group_by[{place}]")


def _dimension(asked: object, *, path: str) -> DimensionAsked:
    if not isinstance(asked, dict):
        return DimensionAsked(path, _name(asked, path=path))
    body = _object(asked, path=path, keys=DIMENSION_KEYS)
    name = _name(body.get("field"), path=f"{path}.field")
    timezone = body.get("timezone")
    if timezone is not None:
        timezone = _name(timezone, path=f"{path}.timezone")
    return DimensionAsked(path, name, _granularity(body.get("granularity"), path=path), timezone)


def _granularity(asked: object, *, path: str) -> Granularity | None:
    if asked is None:
        return None
    known = [each.value for each in Granularity]
    if asked not in known:
        raise unknown(f"{path}.granularity", "granularity", str(asked), known=known)
    return Granularity(asked)


def _sort(asked: object) -> SortAsked:
    body = _object(asked, path="sort", keys=SORT_KEYS)
    descending = body.get("desc", False)
    if not isinstance(descending, bool):
        raise QueryError("sort.desc", "wrong_type", "true or false is wanted here.")
    return SortAsked(_name(body.get("field"), path="sort.field"), descending)


def _limit(asked: object) -> int:
    if isinstance(asked, bool) or not isinstance(asked, int):
        raise QueryError("limit", "wrong_type", "A whole number is wanted here.")
    if not 1 <= asked <= limits.MAX_LIMIT:
        raise QueryError("limit", "out_of_range", f"From 1 to {limits.MAX_LIMIT}.")
    return asked


class _FilterParser:
    """Walks a filter, counting what it finds."""

    def __init__(self) -> None:
        self._conditions = 0

    def parse(self, body: object) -> Node:
        return self._conjunction(body, path="filter", depth=0)

    def _conjunction(self, body: object, *, path: str, depth: int) -> Node:
        if not isinstance(body, dict):
            raise QueryError(path, "wrong_type", "An object of conditions is wanted here.")
        if depth > limits.MAX_DEPTH:
            most = limits.MAX_DEPTH
            raise QueryError(path, "too_deep", f"At most {most} levels of {', '.join(GROUPS)}.")
        members: list[Node] = []
        for key, value in body.items():
            place = _below(path, str(key))
            if key in GROUPS:
                members.append(self._group(key, value, path=place, depth=depth + 1))
            elif str(key).startswith("$"):
                raise unknown(place, "operator", key, known=(*GROUPS, *OPERATORS))
            else:
                members += self._field(key, value, path=place)
        return Group("$and", tuple(members))

    def _group(self, operator: str, value: object, *, path: str, depth: int) -> Node:
        if operator == "$not":
            return Group(operator, (self._conjunction(value, path=path, depth=depth),))
        if not isinstance(value, list) or not value:
            raise QueryError(path, "wrong_type", "A list of at least one filter is wanted here.")
        if len(value) > limits.MAX_CONDITIONS:
            raise QueryError(path, "too_many", f"At most {limits.MAX_CONDITIONS} conditions.")
        members = (
            self._conjunction(each, path=f"{path}[{place}]", depth=depth)
            for place, each in enumerate(value)
        )
        return Group(operator, tuple(members))

    def _field(self, name: str, value: object, *, path: str) -> Iterator[Node]:
        if isinstance(value, list):
            raise QueryError(path, "wrong_type", 'For one of several values say {"$in": [...]}.')
        if not isinstance(value, dict):
            yield self._comparison(name, "$eq", value, path=path)
            return
        if not value:
            raise QueryError(path, "required", f"Say how to compare: {', '.join(OPERATORS)}.")
        for operator, operand in value.items():
            if operator not in OPERATORS:
                raise unknown(f"{path}.{operator}", "operator", str(operator), known=OPERATORS)
            yield self._comparison(name, operator, operand, path=f"{path}.{operator}")

    def _comparison(self, name: str, operator: str, operand: object, *, path: str) -> Comparison:
        self._conditions += 1
        if self._conditions > limits.MAX_CONDITIONS:
            raise QueryError(path, "too_many", f"At most {limits.MAX_CONDITIONS} conditions.")
        return Comparison(path, name, operator, operand)
