"""A condition as a test over typed columns: true or false for every row, never null."""

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from analytics.query.ast import (
    Between,
    Bound,
    Column,
    Condition,
    Every,
    In,
    Matches,
    Negation,
    NoOptions,
    Sampled,
    Some,
    TextTest,
)
from analytics.query.fields import Kind

if TYPE_CHECKING:
    import polars as pl

ID = "id"
DIGITS = (16, 8)
"""Where in an id its counter stands, as hexadecimal digits."""
MULTIPLIER = 2654435761
"""Knuth's multiplicative hash: 2^32 divided by the golden ratio (TAOCP 3, 6.4)."""
MASK = 2**32 - 1


def column_name(column: Column) -> str:
    """The name of a column in a frame."""
    return ".".join(column.path)


def test_of(condition: Condition) -> "pl.Expr":
    """The expression of a condition."""
    test: Callable[[Any], pl.Expr] = _TESTS[type(condition)]
    return test(condition)


def _every(condition: Every) -> "pl.Expr":
    import polars as pl

    tests = [test_of(member) for member in condition.conditions]
    return pl.all_horizontal(tests) if tests else pl.lit(value=True)


def _some(condition: Some) -> "pl.Expr":
    import polars as pl

    return pl.any_horizontal([test_of(member) for member in condition.conditions])


def _in(condition: In) -> "pl.Expr":
    import polars as pl

    column = pl.col(column_name(condition.column))
    missing = column.is_null() if condition.or_missing else pl.lit(value=False)
    if not condition.values:
        return missing
    values = _comparable(condition)
    if condition.column.kind is Kind.OPTIONS:
        matches = column.list.eval(pl.element().is_in(values)).list.any()
    else:
        matches = column.is_in(values)
    return matches.fill_null(value=False) | missing


def _comparable(condition: In) -> list[Any]:
    """The values in the type of their column; what it can't hold matches nothing anyway."""
    if condition.column.kind is not Kind.NUMBER:
        return list(condition.values)
    numbers = [float(value) for value in condition.values if isinstance(value, int | float)]
    if not condition.column.whole:
        return numbers
    return [int(number) for number in numbers if number.is_integer()]


def _between(condition: Between) -> "pl.Expr":
    import polars as pl

    column = pl.col(column_name(condition.column))
    tests = [column.is_not_null()]
    if condition.low is not None:
        compare = operator.ge if condition.low.inclusive else operator.gt
        tests.append(compare(column, _literal(condition.low)))
    if condition.high is not None:
        compare = operator.le if condition.high.inclusive else operator.lt
        tests.append(compare(column, _literal(condition.high)))
    return pl.all_horizontal([test.fill_null(value=False) for test in tests])


def _literal(bound: Bound) -> Any:
    import polars as pl

    return pl.lit(bound.value)


def _matches(condition: Matches) -> "pl.Expr":
    import polars as pl

    text = pl.col(column_name(condition.column)).str
    found: dict[TextTest, Callable[[], pl.Expr]] = {
        TextTest.CONTAINS: lambda: text.contains(condition.text, literal=True),
        TextTest.CONTAINS_ANY_CASE: lambda: text.to_lowercase().str.contains(
            condition.text.lower(), literal=True
        ),
        TextTest.STARTS_WITH: lambda: text.starts_with(condition.text),
        TextTest.ENDS_WITH: lambda: text.ends_with(condition.text),
    }
    return found[condition.test]().fill_null(value=False)


def _no_options(condition: NoOptions) -> "pl.Expr":
    import polars as pl

    return (pl.col(column_name(condition.column)).list.len() == 0).fill_null(value=False)


def _sampled(condition: Sampled) -> "pl.Expr":
    import polars as pl

    counter = pl.col(ID).str.slice(*DIGITS).str.to_integer(base=16, dtype=pl.UInt64)
    spread = (counter + pl.lit(condition.seed & MASK, pl.UInt64)) & MASK
    return (spread * MULTIPLIER & MASK) < int(condition.rate * 2**32)


_TESTS: dict[type, Callable[[Any], "pl.Expr"]] = {
    Every: _every,
    Some: _some,
    In: _in,
    Between: _between,
    Matches: _matches,
    NoOptions: _no_options,
    Sampled: _sampled,
    Negation: lambda condition: ~test_of(condition.condition),
}
