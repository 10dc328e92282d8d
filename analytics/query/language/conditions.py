"""Resolving a filter: every condition becomes one of the few the executors know.

A missing answer is unequal to every value, is smaller and larger than none, and equals null. A
negation is true exactly where its condition is false. A day stands for the whole day in the
query's time zone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analytics.query import limits
from analytics.query.ast import (
    Between,
    Bound,
    Condition,
    Every,
    In,
    Matches,
    Negation,
    NoOptions,
    Scalar,
    Some,
    TextTest,
)
from analytics.query.clocks import Calendar
from analytics.query.columns import Found, find_column
from analytics.query.errors import PERSONAL, QueryError
from analytics.query.fields import OPAQUE, Fields, Kind

from .asked import Comparison, Node
from .operands import day_of, read_operand, span_of, stored_moment
from .parser import read_pair
from .ranges import read_now, resolve_range

ORDERED = {Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.TIME, Kind.MOMENT}
LISTED = ("$in", "$nin", "$any", "$all", "$none")
TEXT_TESTS = {test.value: test for test in TextTest}
LONGEST_NEEDLE = 200


@dataclass(frozen=True, slots=True)
class Resolver:
    """What names mean in one query, and whether personal answers may be compared."""

    fields: Fields
    calendar: Calendar
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
        return _TESTS[asked.operator](found, asked, self.calendar)


Test = Callable[[Found, Comparison, Calendar], Condition]


def _exists(found: Found, asked: Comparison) -> Condition:
    if not isinstance(asked.operand, bool):
        raise QueryError(asked.path, "wrong_type", "true or false is wanted here.")
    missing = In(found.column, (), or_missing=True)
    return Negation(missing) if asked.operand else missing


def _empty(found: Found, asked: Comparison, _calendar: Calendar) -> Condition:
    """No answer, an empty text or a list of no options."""
    if not isinstance(asked.operand, bool):
        raise QueryError(asked.path, "wrong_type", "true or false is wanted here.")
    values: tuple[Scalar, ...] = ("",) if found.column.kind is Kind.TEXT else ()
    empty: Condition = In(found.column, values, or_missing=True)
    if found.column.kind is Kind.OPTIONS:
        empty = Some((empty, NoOptions(found.column)))
    return empty if asked.operand else Negation(empty)


def _membership(found: Found, asked: Comparison, calendar: Calendar) -> Condition:
    """$eq and $in: any of the operands."""
    return _one_of(found, _operands(asked), calendar)


def _one_of(found: Found, operands: list[tuple[Any, str]], calendar: Calendar) -> Condition:
    days: list[Condition] = []
    values: list[Scalar] = []
    for operand, path in operands:
        day = day_of(operand) if found.column.kind is Kind.MOMENT else None
        if day is not None:
            start, end = span_of(day, calendar.zone, found=found, path=path)
            days.append(Between(found.column, Bound(start, inclusive=True), _until(end)))
        elif operand is not None:
            values.append(_value(operand, found, calendar, path=path))
    or_missing = any(operand is None for operand, _ in operands)
    if values or or_missing:
        days.append(In(found.column, tuple(values), or_missing))
    return days[0] if len(days) == 1 else Some(tuple(days))


def _operands(asked: Comparison) -> list[tuple[Any, str]]:
    if asked.operator not in LISTED:
        return [(asked.operand, asked.path)]
    if not isinstance(asked.operand, list):
        raise QueryError(asked.path, "wrong_type", "A list is wanted here.")
    if not 1 <= len(asked.operand) <= limits.MAX_LIST_ITEMS:
        message = f"From 1 to {limits.MAX_LIST_ITEMS} values."
        raise QueryError(asked.path, "out_of_range", message)
    return [(each, f"{asked.path}[{n}]") for n, each in enumerate(asked.operand)]


def _value(operand: Any, found: Found, calendar: Calendar, *, path: str) -> Scalar:
    if isinstance(operand, dict) and found.column.kind is Kind.MOMENT:
        return stored_moment(read_now(operand, calendar, path=path), found=found)
    if isinstance(operand, dict) and found.column.kind is Kind.DATE:
        return calendar.wall(read_now(operand, calendar, path=path)).date().isoformat()
    return read_operand(operand, found=found, path=path)


def _all(found: Found, asked: Comparison, calendar: Calendar) -> Condition:
    if found.column.kind is not Kind.OPTIONS:
        message = "Only an answer of several options has them all: use $eq or $in."
        raise QueryError(asked.path, "operator_not_allowed", message)
    operands = _operands(asked)
    return Every(tuple(_one_of(found, [operand], calendar) for operand in operands))


def _negated(test: Test) -> Test:
    def negation(found: Found, asked: Comparison, calendar: Calendar) -> Condition:
        return Negation(test(found, asked, calendar))

    return negation


def _low(found: Found, asked: Comparison, calendar: Calendar) -> Condition:
    start, end, whole_day = _place(found, asked.operand, calendar, path=asked.path)
    if asked.operator == "$gte":
        return Between(found.column, low=Bound(start, inclusive=True))
    return Between(found.column, low=Bound(end, inclusive=whole_day))


def _high(found: Found, asked: Comparison, calendar: Calendar) -> Condition:
    start, end, whole_day = _place(found, asked.operand, calendar, path=asked.path)
    if asked.operator == "$lt":
        return Between(found.column, high=Bound(start, inclusive=False))
    return Between(found.column, high=Bound(end, inclusive=not whole_day))


def _between(found: Found, asked: Comparison, calendar: Calendar) -> Condition:
    """Both ends belong to it; a last day whole."""
    low, high = read_pair(asked.operand, path=asked.path)
    start, _, _ = _place(found, low, calendar, path=f"{asked.path}[0]")
    last, end, whole_day = _place(found, high, calendar, path=f"{asked.path}[1]")
    return Between(
        found.column,
        low=Bound(start, inclusive=True),
        high=_until(end) if whole_day else Bound(last, inclusive=True),
    )


def _place(
    found: Found, operand: Any, calendar: Calendar, *, path: str
) -> tuple[Scalar, Scalar, bool]:
    """First and last value an operand stands for, and whether it is a whole day."""
    kind = found.column.kind
    if kind not in ORDERED:
        message = f"A {kind.value} has no order: use $eq, $ne, $in or $nin."
        raise QueryError(path, "operator_not_allowed", message)
    day = day_of(operand) if kind is Kind.MOMENT else None
    if day is not None:
        return (*span_of(day, calendar.zone, found=found, path=path), True)
    value = _value(operand, found, calendar, path=path)
    return value, value, False


def _in_range(found: Found, asked: Comparison, calendar: Calendar) -> Condition:
    if found.column.kind not in (Kind.MOMENT, Kind.DATE):
        raise QueryError(asked.path, "operator_not_allowed", "Only a date or a time has spans.")
    asked_range = asked.operand
    if not isinstance(asked_range, str):
        asked_range = read_pair(asked_range, path=asked.path)
    span = resolve_range(asked_range, calendar, path=asked.path)

    def bound(moment: Any, *, inclusive: bool) -> Bound | None:
        if moment is None:
            return None
        if found.column.kind is Kind.DATE:
            return Bound(calendar.wall(moment).date().isoformat(), inclusive=inclusive)
        return Bound(stored_moment(moment, found=found), inclusive=inclusive)

    return Between(
        found.column, bound(span.start, inclusive=True), bound(span.end, inclusive=False)
    )


def _text(found: Found, asked: Comparison, _calendar: Calendar) -> Condition:
    if found.column.kind is not Kind.TEXT:
        message = "Only a text holds others: use $eq or $in."
        raise QueryError(asked.path, "operator_not_allowed", message)
    needle = read_operand(asked.operand, found=found, path=asked.path)
    if not isinstance(needle, str) or not 1 <= len(needle) <= LONGEST_NEEDLE:
        message = f"A text of 1 to {LONGEST_NEEDLE} characters is wanted here."
        raise QueryError(asked.path, "out_of_range", message)
    return Matches(found.column, TEXT_TESTS[asked.operator], needle)


def _until(value: Scalar) -> Bound:
    return Bound(value, inclusive=False)


_TESTS: dict[str, Test] = {
    "$eq": _membership,
    "$in": _membership,
    "$any": _membership,
    "$ne": _negated(_membership),
    "$nin": _negated(_membership),
    "$none": _negated(_membership),
    "$all": _all,
    "$gt": _low,
    "$gte": _low,
    "$lt": _high,
    "$lte": _high,
    "$between": _between,
    "$date_range": _in_range,
    "$empty": _empty,
} | dict.fromkeys(TEXT_TESTS, _text)
