"""When a field is shown: a small tree over other answers.

A leaf is ``{"field": id, "op": "gte", "value": 18}``; trees are ``{"all": [...]}``,
``{"any": [...]}`` and ``{"not": {...}}``. A missing answer satisfies only `empty` and `ne`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .problems import Wrong

DEEPEST = 8
MOST_LEAVES = 100


def _contains(answer: Any, value: Any) -> bool:
    if isinstance(answer, str):
        return isinstance(value, str) and value in answer
    return value in answer if isinstance(answer, list) else bool(answer == value)


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """An order needs two numbers or two texts; anything else is simply not in that order."""

    def holds(answer: Any, value: Any) -> bool:
        both_text = isinstance(answer, str) and isinstance(value, str)
        both_numbers = isinstance(answer, int | float) and isinstance(value, int | float)
        return (both_text or both_numbers) and compare(answer, value)

    return holds


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda answer, value: bool(answer == value),
    "ne": lambda answer, value: bool(answer != value),
    "lt": _compared(lambda answer, value: answer < value),
    "lte": _compared(lambda answer, value: answer <= value),
    "gt": _compared(lambda answer, value: answer > value),
    "gte": _compared(lambda answer, value: answer >= value),
    "in": lambda answer, value: answer in value,
    "contains": _contains,
}
JUNCTIONS: dict[str, Callable[[Iterable[bool]], bool]] = {
    "all": all,
    "any": any,
    "not": lambda parts: not all(parts),
}
UNARY = frozenset({"empty", "answered"})


@dataclass(frozen=True)
class Condition:
    """One node: a leaf (op over a field) or a junction (all, any, not) of others."""

    op: str
    field: str = ""
    value: Any = None
    parts: tuple["Condition", ...] = ()

    def holds(self, answers: Mapping[str, Any]) -> bool:
        if self.parts:
            return JUNCTIONS[self.op](part.holds(answers) for part in self.parts)
        if self.op in UNARY:
            return (self.field in answers) == (self.op == "answered")
        if self.field not in answers:
            return self.op == "ne"
        return OPERATORS[self.op](answers[self.field], self.value)

    def fields(self) -> Iterator[str]:
        """The ids of every field asked."""
        if self.field:
            yield self.field
        for part in self.parts:
            yield from part.fields()

    def to_json(self) -> dict[str, Any]:
        if self.op == "not":
            return {"not": self.parts[0].to_json()}
        if self.parts:
            return {self.op: [part.to_json() for part in self.parts]}
        if self.op in UNARY:
            return {"field": self.field, "op": self.op}
        return {"field": self.field, "op": self.op, "value": self.value}


def parse_condition(raw: object, *, depth: int = 0) -> Condition:
    """Raises Wrong. Whether the fields exist is the definition's to check."""
    if not isinstance(raw, dict) or depth > DEEPEST:
        raise Wrong("invalid_condition", f"Expected an object, at most {DEEPEST} deep.")
    if raw.keys() == {"not"}:
        return Condition("not", parts=(parse_condition(raw["not"], depth=depth + 1),))
    for junction in ("all", "any"):
        if raw.keys() == {junction}:
            return _junction(junction, raw[junction], depth)
    return _leaf(raw)


def _junction(op: str, parts: object, depth: int) -> Condition:
    if not isinstance(parts, list) or not 0 < len(parts) <= MOST_LEAVES:
        raise Wrong("invalid_condition", f"Expected a list of 1 to {MOST_LEAVES} conditions.")
    found = Condition(op, parts=tuple(parse_condition(each, depth=depth + 1) for each in parts))
    if sum(1 for _ in found.fields()) > MOST_LEAVES:
        raise Wrong("invalid_condition", f"Expected at most {MOST_LEAVES} comparisons.")
    return found


def _leaf(raw: dict[str, Any]) -> Condition:
    op, name = raw.get("op"), raw.get("field")
    wanted = {"field", "op"} if op in UNARY else {"field", "op", "value"}
    if raw.keys() != wanted or not isinstance(name, str) or not isinstance(op, str):
        raise Wrong("invalid_condition", "Expected field, op and value; or all, any, not.")
    if op not in OPERATORS and op not in UNARY:
        known = ", ".join(sorted({*OPERATORS, *UNARY}))
        raise Wrong("invalid_condition", f"Unknown op: expected one of {known}.")
    if op == "in" and not isinstance(raw["value"], list):
        raise Wrong("invalid_condition", "The op `in` needs a list.")
    return Condition(op, field=name, value=raw.get("value"))
