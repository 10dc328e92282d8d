"""Selections: JMESPath expressions that pick what of a message is sent.

The language has no loops over itself, but it can say the same thing twice, and that twice, and so
on: `[@, @] | [@, @] | …` is two to the power of its length. So what an expression makes is counted
with all that is in it, each part as often as it occurs, before anything walks over it.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import IncompleteExpressionError, JMESPathError, JMESPathTypeError
from jmespath.parser import ParsedResult
from jmespath.visitor import TreeInterpreter

from .budget import Budget, Fault

LONGEST = 2_000
MOST_PARTS = 200
DEEPEST = 40
KEPT = 512
GROWING = ("multi_select_list", "multi_select_dict")
_EXPECTED = (JMESPathError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError)


class _Interpreter(TreeInterpreter):  # type: ignore[misc]  # the package ships no types
    """Counts each step, and each value where one grows."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self._budget = budget

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._budget.spend(1)
        found = super().visit(node, *args, **kwargs)
        if node["type"] in GROWING:
            self._budget.spend_value(found)
        return found

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        arguments = [self.visit(child, value) for child in node["children"]]
        for each in arguments:
            self._budget.spend_value(each)
        self._spend_joined(node["value"], arguments)
        found = self._functions.call_function(node["value"], arguments)
        self._budget.spend_value(found)
        return found

    def _spend_joined(self, name: str, arguments: list[Any]) -> None:
        """A long glue between many parts: the one function that multiplies two lengths."""
        if name == "join" and len(arguments) > 1:
            glue, parts = arguments[0], arguments[1]
            if isinstance(glue, str) and isinstance(parts, list):
                self._budget.spend_text(len(glue) * len(parts))


@lru_cache(maxsize=KEPT)
def parse_selection(text: str) -> ParsedResult:
    """Raises Fault for what is no expression, or too much of one."""
    if len(text) > LONGEST:
        raise Fault("too_long", f"An expression has at most {LONGEST:,} characters.")
    try:
        parsed = jmespath.compile(text)
        parts = list(_parts(parsed.parsed))
    except JMESPathError as error:
        message = f"Not a JMESPath expression{_place(error)}."
        raise Fault("invalid_expression", message) from error
    except (RecursionError, ValueError, TypeError) as error:
        raise Fault("invalid_expression", "Not a JMESPath expression, or nested deeply.") from error
    if len(parts) > MOST_PARTS or max(depth for _, depth in parts) > DEEPEST:
        message = f"An expression has at most {MOST_PARTS} parts, nested at most {DEEPEST} deep."
        raise Fault("too_complex", message)
    return parsed


def select(text: str, message: Any, *, budget: Budget) -> Any:
    """What an expression finds in a message: JSON, never null.

    Raises:
        Fault: it finds nothing, makes too much, or is about another kind of value.
    """
    parsed = parse_selection(text)
    try:
        found = _Interpreter(budget).visit(parsed.parsed, message)
    except JMESPathTypeError as error:
        wanted = " or ".join(error.expected_types)
        message = f"{error.function_name}() takes {wanted}, and got {error.actual_type}."
        raise Fault("selection_failed", message) from error
    except _EXPECTED as error:
        message = f"The selection fails on this message ({type(error).__name__})."
        raise Fault("selection_failed", message) from error
    except RecursionError as error:
        raise Fault("too_complex", "The selection goes too deep.") from error
    if found is None:
        raise Fault("selects_nothing", "The selection finds nothing in the message.")
    budget.spend_value(found)
    return found


def _parts(node: Any, depth: int = 1) -> Iterator[tuple[Any, int]]:
    yield node, depth
    for child in node.get("children", ()):
        if isinstance(child, dict):
            yield from _parts(child, depth + 1)


def _place(error: JMESPathError) -> str:
    if isinstance(error, IncompleteExpressionError):
        return ": it ends too early"
    position = getattr(error, "lex_position", None)
    return "" if position is None else f": look at character {position + 1}"
