"""Resolving a filter: every condition becomes one of the few the executors know.

A missing answer is unequal to every value, is smaller and larger than none, and equals null. A
negation is true exactly where its condition is false. A day stands for the whole day in UTC.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import limits
from .ast import Between, Bound, Condition, Every, In, Negation, Scalar, Some
from .columns import Found, find_column
from .errors import QueryError
from .fields import OPAQUE, Fields, Kind
from .operands import day_of, read_operand, span_of
from .parser import Comparison, Node

ORDERED = {Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.TIME, Kind.MOMENT}
ORDERINGS = ("$gt", "$gte", "$lt", "$lte")
PERSONAL = "This field holds personal data, which your access does not show."


@dataclass(frozen=True, slots=True)
class Resolver:
    """What names mean in one query, and whether personal answers may be compared."""

    fields: Fields
    personal_allowed: bool

    def condition(self, node: Node) -> Condition:
        """The condition a node of the filter asks for. Raises QueryError."""
        if isinstance(node, Comparison):
            return self._comparison(node)
        members = tuple(self.condition(member) for member in node.members)
        if node.operator == "$not":
            return Negation(members[0])
        if len(members) == 1:
            return members[0]
        return Some(members) if node.operator == "$or" else Every(members)

    def _comparison(self, asked: Comparison) -> Condition:
        found = find_column(self.fields, asked.name, path=asked.path)
        if asked.operator == "$exists":
            return _exists(found, asked)
        if asked.operand is None and asked.operator in ("$eq", "$ne"):
            missing = In(found.column, (), or_missing=True)
            return missing if asked.operator == "$eq" else Negation(missing)
        if found.personal and not self.personal_allowed:
            raise QueryError(asked.path, "personal_data", PERSONAL)
        if found.column.kind in OPAQUE:
            raise QueryError(asked.path, "not_queryable", "Only $exists can be asked of it.")
        if asked.operator in ORDERINGS:
            return _ordering(found, asked)
        matches = _membership(found, asked)
        return Negation(matches) if asked.operator in ("$ne", "$nin") else matches


def _exists(found: Found, asked: Comparison) -> Condition:
    if not isinstance(asked.operand, bool):
        raise QueryError(asked.path, "wrong_type", "true or false is wanted here.")
    missing = In(found.column, (), or_missing=True)
    return Negation(missing) if asked.operand else missing


def _membership(found: Found, asked: Comparison) -> Condition:
    """$eq, $in and their opposites, before the negation."""
    operands = [(asked.operand, asked.path)]
    if asked.operator in ("$in", "$nin"):
        operands = [(each, f"{asked.path}[{n}]") for n, each in enumerate(_list(asked))]
    days: list[Condition] = []
    values: list[Scalar] = []
    for operand, path in operands:
        day = day_of(operand) if found.column.kind is Kind.MOMENT else None
        if day is not None:
            start, end = span_of(day, found=found, path=path)
            days.append(Between(found.column, Bound(start, inclusive=True), _until(end)))
        elif operand is not None:
            values.append(read_operand(operand, found=found, path=path))
    or_missing = any(operand is None for operand, _ in operands)
    if values or or_missing:
        days.append(In(found.column, tuple(values), or_missing))
    return days[0] if len(days) == 1 else Some(tuple(days))


def _list(asked: Comparison) -> list[Any]:
    if not isinstance(asked.operand, list):
        raise QueryError(asked.path, "wrong_type", "A list is wanted here.")
    if not 1 <= len(asked.operand) <= limits.MAX_LIST_ITEMS:
        message = f"From 1 to {limits.MAX_LIST_ITEMS} values."
        raise QueryError(asked.path, "out_of_range", message)
    return asked.operand


def _ordering(found: Found, asked: Comparison) -> Condition:
    column = found.column
    if column.kind not in ORDERED:
        message = f"A {column.kind.value} has no order: use $eq, $ne, $in or $nin."
        raise QueryError(asked.path, "operator_not_allowed", message)
    day = day_of(asked.operand) if column.kind is Kind.MOMENT else None
    if day is not None:
        start, end = span_of(day, found=found, path=asked.path)
    else:
        start = end = read_operand(asked.operand, found=found, path=asked.path)
    whole_day = day is not None
    bounds: dict[str, Callable[[], Between]] = {
        "$gte": lambda: Between(column, low=Bound(start, inclusive=True)),
        "$gt": lambda: Between(column, low=Bound(end, inclusive=whole_day)),
        "$lt": lambda: Between(column, high=Bound(start, inclusive=False)),
        "$lte": lambda: Between(column, high=Bound(end, inclusive=not whole_day)),
    }
    return bounds[asked.operator]()


def _until(value: Scalar) -> Bound:
    return Bound(value, inclusive=False)
