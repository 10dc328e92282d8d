"""Computed answers: arithmetic over other fields.

``(height + 2) * width``, ``if(age >= 18, "adult", "minor")``, ``round(sum(a, b) / 2, 1)``. Names
are field ids. A missing answer or a division by zero makes the whole result missing, except inside
`sum`, `min`, `max`, `mean` and `count`, which pass over what is missing. A text of more than 50,000
characters is missing, too.
"""

import ast
import io
import itertools
import math
import operator
import tokenize
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .problems import Wrong

LONGEST = 1_000
MOST_NODES = 200
LARGEST_INTEGER = 2**53 - 1

LONGEST_RESULT = 50_000
"""Characters of a text: as long as the longest answer. What is computed from it stays as short."""
MOST_DIGITS = 400
"""Digits to round to: Python raises ten to as many, and they may come from an answer."""


class _MissingError(Exception):
    """A part of the result has no value."""


def _joined(*values: Any) -> str:
    texts = [str(value) for value in values]
    if sum(map(len, texts)) > LONGEST_RESULT:
        raise _MissingError
    return "".join(texts)


def _rounded(value: Any, digits: Any = 0) -> Any:
    places = int(digits)
    if abs(places) > MOST_DIGITS:
        raise _MissingError
    return round(value, places) if places else round(value)


BINARY: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
TOLERANT: dict[str, Callable[[list[Any]], Any]] = {
    "sum": sum,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "mean": lambda values: sum(values) / len(values) if values else None,
    "count": len,
}
STRICT: dict[str, Callable[..., Any]] = {
    "round": _rounded,
    "abs": abs,
    "concat": _joined,
}
ARITY: dict[str, tuple[int, int]] = {"_if": (3, 3), "round": (1, 2), "abs": (1, 1)}
"""Fewest and most arguments; the other functions take one or more."""


@dataclass(frozen=True)
class Expression:
    """A parsed expression: its text, and the tree that computes it."""

    text: str
    tree: ast.expr = field(compare=False, repr=False)

    def compute(self, answers: Mapping[str, Any]) -> Any:
        """A finite number, a text, a boolean; None where it cannot be computed."""
        try:
            result = _value(self.tree, answers)
            if isinstance(result, int) and abs(result) > LARGEST_INTEGER:
                result = float(result)  # no store keeps more digits
        except (_MissingError, ArithmeticError, TypeError, ValueError):
            return None
        if isinstance(result, float) and not math.isfinite(result):
            return None
        return result if isinstance(result, int | float | str) else None

    def fields(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and node.id not in {*TOLERANT, *STRICT, "_if"}:
                yield node.id


def parse_expression(text: object) -> Expression:
    """Raises Wrong."""
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST:
        raise Wrong("invalid_expression", f"Expected a text of 1 to {LONGEST} characters.")
    try:
        tree = ast.parse(_without_keyword(text.strip()), mode="eval").body
    except (SyntaxError, tokenize.TokenError, ValueError, RecursionError, MemoryError) as error:
        raise Wrong("invalid_expression", "This is not an expression.") from error
    nodes = list(ast.walk(tree))
    if len(nodes) > MOST_NODES:
        raise Wrong("invalid_expression", "The expression is too long.")
    for node in nodes:
        _check(node)
    return Expression(text, tree)


def _without_keyword(text: str) -> str:
    """The text with `_if(` for every call of `if`, which Python keeps for itself."""
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    lines = text.splitlines(keepends=True)
    for token, following in reversed(list(itertools.pairwise(tokens))):
        if token.string == "if" and token.type == tokenize.NAME and following.string == "(":
            row, column = token.start[0] - 1, token.start[1]
            lines[row] = f"{lines[row][:column]}_{lines[row][column:]}"
    return "".join(lines)


def _check(node: ast.AST) -> None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
        _check_text(node.value)
        return
    if isinstance(node, ast.Call) and not node.keywords and isinstance(node.func, ast.Name):
        if node.func.id in {*TOLERANT, *STRICT, "_if"}:
            _check_arity(
                node.func.id.removeprefix("_"),
                len(node.args),
                *ARITY.get(node.func.id, (1, MOST_NODES)),
            )
            return
        raise Wrong("invalid_expression", f"There is no function {node.func.id!r}.")
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return
    plain = (ast.BinOp, ast.UnaryOp, ast.USub, ast.Name, ast.Load, *BINARY)
    if not isinstance(node, plain):
        raise Wrong("invalid_expression", "Only numbers, texts, fields, + - * / and comparisons.")


def _check_text(value: float | str) -> None:
    """What escapes may write, but no answer may hold."""
    for mark in value if isinstance(value, str) else "":
        if mark not in "\n\r\t" and unicodedata.category(mark) in {"Cc", "Cs"}:
            raise Wrong("invalid_expression", "Control characters are not allowed in its texts.")


def _check_arity(name: str, given: int, fewest: int, most: int) -> None:
    if not fewest <= given <= most:
        upper = f"{fewest} or more" if most == MOST_NODES else f"{fewest} to {most}"
        wanted = str(fewest) if fewest == most else upper
        raise Wrong("invalid_expression", f"{name!r} takes {wanted} arguments, not {given}.")


def _value(node: ast.expr, answers: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return _answer(node.id, answers)
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand, answers)
    if isinstance(node, ast.BinOp):
        return _apply(node.op, node.left, node.right, answers)
    return _comparison_or_call(node, answers)


def _answer(name: str, answers: Mapping[str, Any]) -> Any:
    if name not in answers:
        raise _MissingError
    return answers[name]


def _comparison_or_call(node: ast.expr, answers: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Compare):
        return _apply(node.ops[0], node.left, node.comparators[0], answers)
    return _call(node, answers)


def _apply(op: ast.AST, left: ast.expr, right: ast.expr, answers: Mapping[str, Any]) -> Any:
    first, second = _value(left, answers), _value(right, answers)
    numbers = isinstance(first, int | float) and isinstance(second, int | float)
    if not numbers and not isinstance(op, ast.cmpop):
        raise TypeError("arithmetic needs numbers")  # keeps "ab" * 10**9 out, and lists
    return BINARY[type(op)](first, second)


def _call(node: ast.expr, answers: Mapping[str, Any]) -> Any:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise _MissingError
    if node.func.id == "_if":
        condition, then, otherwise = node.args
        return _value(then if _value(condition, answers) else otherwise, answers)
    if node.func.id in TOLERANT:
        return TOLERANT[node.func.id](list(_present(node.args, answers)))
    return STRICT[node.func.id](*(_value(argument, answers) for argument in node.args))


def _present(nodes: list[ast.expr], answers: Mapping[str, Any]) -> Iterator[Any]:
    for node in nodes:
        try:
            yield _value(node, answers)
        except _MissingError:
            continue
