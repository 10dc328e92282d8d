"""What kind of value a calculated field holds, read from its expression."""

import ast
from collections.abc import Mapping

from analytics.query.fields import Kind

_NUMERIC_CALLS = {"sum", "mean", "count", "round", "abs"}


def kind_of(node: ast.expr, kinds: Mapping[str, Kind]) -> Kind:
    """The kind of an expression, given those of the fields it names; MIXED where it varies."""
    if isinstance(node, ast.Constant):
        return Kind.TEXT if isinstance(node.value, str) else Kind.NUMBER
    if isinstance(node, ast.Name):
        return _of_field(kinds.get(node.id, Kind.MIXED))
    if isinstance(node, ast.Compare):
        return Kind.BOOLEAN
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _of_call(node.func.id, node.args, kinds)
    return Kind.NUMBER


def _of_call(function: str, arguments: list[ast.expr], kinds: Mapping[str, Kind]) -> Kind:
    if function in _NUMERIC_CALLS:
        return Kind.NUMBER
    if function == "concat":
        return Kind.TEXT
    chosen = arguments[1:] if function == "_if" else arguments
    found = {kind_of(argument, kinds) for argument in chosen}
    return found.pop() if len(found) == 1 else Kind.MIXED


def _of_field(kind: Kind) -> Kind:
    """The answer itself: an option is its id, a list is nothing a query can use."""
    if kind in (Kind.NUMBER, Kind.BOOLEAN):
        return kind
    plain = (Kind.TEXT, Kind.CHOICE, Kind.DATE, Kind.TIME, Kind.MOMENT)
    return Kind.TEXT if kind in plain else Kind.MIXED
