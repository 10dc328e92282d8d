"""From JSON to the tree of a filter: keys, shapes, operators and limits; no field is looked up."""

from collections.abc import Iterator, Sequence

from analytics.query import limits
from analytics.query.errors import QueryError, unknown

from .asked import Comparison, Group, Node
from .reading import below

OPERATORS = (
    "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$between", "$in", "$nin", "$any", "$all", "$none",
    "$exists", "$empty", "$contains", "$icontains", "$starts_with", "$ends_with", "$date_range",
    "$not",
)  # fmt: skip
HAVING_OPERATORS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
GROUPS = ("$and", "$or", "$not")


def parse_filter(body: object, *, path: str, operators: Sequence[str] = OPERATORS) -> Node:
    """Check the form of a filter. Raises QueryError."""
    return _FilterParser(operators).conjunction(body, path=path, depth=0)


class _FilterParser:
    """Walks a filter, counting what it finds."""

    def __init__(self, operators: Sequence[str]) -> None:
        self._operators = operators
        self._conditions = 0

    def conjunction(self, body: object, *, path: str, depth: int) -> Node:
        if not isinstance(body, dict):
            raise QueryError(path, "wrong_type", "An object of conditions is wanted here.")
        _check_depth(path, depth)
        members: list[Node] = []
        for key, value in body.items():
            place = below(path, str(key))
            if key in GROUPS:
                members.append(self._group(key, value, path=place, depth=depth + 1))
            elif str(key).startswith("$"):
                raise unknown(place, "operator", key, known=(*GROUPS, *self._operators))
            else:
                members += self._field(key, value, path=place, depth=depth)
        return Group("$and", tuple(members))

    def _group(self, operator: str, value: object, *, path: str, depth: int) -> Node:
        if operator == "$not":
            return Group(operator, (self.conjunction(value, path=path, depth=depth),))
        if not isinstance(value, list) or not value:
            raise QueryError(path, "wrong_type", "A list of at least one filter is wanted here.")
        if len(value) > limits.MAX_CONDITIONS:
            raise QueryError(path, "too_many", f"At most {limits.MAX_CONDITIONS} conditions.")
        members = (
            self.conjunction(each, path=f"{path}[{place}]", depth=depth)
            for place, each in enumerate(value)
        )
        return Group(operator, tuple(members))

    def _field(self, name: str, value: object, *, path: str, depth: int) -> Iterator[Node]:
        if isinstance(value, list):
            raise QueryError(path, "wrong_type", 'For one of several values say {"$in": [...]}.')
        if not isinstance(value, dict) or "$now" in value:
            yield self._comparison(name, "$eq", value, path=path)
            return
        if not value:
            raise QueryError(path, "required", f"Say how to compare: {', '.join(self._operators)}.")
        for operator, operand in value.items():
            place = f"{path}.{operator}"
            if operator not in self._operators:
                raise unknown(place, "operator", str(operator), known=self._operators)
            if operator == "$not":
                yield self._negation(name, operand, path=place, depth=depth + 1)
            else:
                yield self._comparison(name, operator, operand, path=place)

    def _negation(self, name: str, operand: object, *, path: str, depth: int) -> Node:
        """`{"age": {"$not": {"$gt": 18}}}`: the field's own conditions, negated."""
        if not isinstance(operand, dict):
            raise QueryError(path, "wrong_type", "An object of operators is wanted here.")
        _check_depth(path, depth)
        members = tuple(self._field(name, operand, path=path, depth=depth))
        return Group("$not", (Group("$and", members),))

    def _comparison(self, name: str, operator: str, operand: object, *, path: str) -> Comparison:
        self._conditions += 1
        if self._conditions > limits.MAX_CONDITIONS:
            raise QueryError(path, "too_many", f"At most {limits.MAX_CONDITIONS} conditions.")
        return Comparison(path, name, operator, operand)


def _check_depth(path: str, depth: int) -> None:
    if depth > limits.MAX_DEPTH:
        most = limits.MAX_DEPTH
        raise QueryError(path, "too_deep", f"At most {most} levels of {', '.join(GROUPS)}.")
