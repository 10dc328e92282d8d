"""Running a query over columns held in memory."""

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .ast import (
    Aggregate,
    Between,
    Bound,
    Column,
    Condition,
    Dimension,
    Every,
    In,
    Negation,
    Query,
)
from .columns import DATA
from .fields import Kind
from .pipeline import FORMATS
from .rows import Row, to_rows

if TYPE_CHECKING:
    import polars as pl

VALUE = "value"


def column_name(column: Column) -> str:
    """The name of a column in a frame."""
    return ".".join(column.path)


def run(query: Query, frame: "pl.DataFrame | pl.LazyFrame") -> list[Row]:
    """The rows of a query over a frame made by `analytics.columns`."""
    import polars as pl

    lazy = frame.lazy()
    if query.condition is not None:
        lazy = lazy.filter(_test(query.condition))
    lazy = _with_groups(lazy, query)
    groups = [f"d{place}" for place in range(len(query.dimensions))]
    value = _measure(query).alias(VALUE)
    grouped = lazy.group_by(groups).agg(value) if groups else lazy.select(value)
    result = _sorted(grouped, query).limit(query.limit).collect()
    assert isinstance(result, pl.DataFrame)  # noqa: S101 - for the type checker: not a background query
    return to_rows(query, ((row[:-1], row[-1]) for row in result.select(*groups, VALUE).rows()))


def _with_groups(lazy: "pl.LazyFrame", query: Query) -> "pl.LazyFrame":
    import polars as pl

    keys = [_key(each).alias(f"d{place}") for place, each in enumerate(query.dimensions)]
    lazy = lazy.with_columns(keys)
    for place, dimension in enumerate(query.dimensions):
        if dimension.column.kind is Kind.OPTIONS:
            # An empty list is a group of its own with a missing answer, on every executor.
            options = pl.col(f"d{place}")
            filled = pl.when(options.list.len() > 0).then(options).otherwise(None)
            lazy = lazy.with_columns(filled.alias(f"d{place}")).explode(f"d{place}")
    return lazy


def _key(dimension: Dimension) -> "pl.Expr":
    import polars as pl

    expression = pl.col(column_name(dimension.column))
    if dimension.granularity is None:
        return expression
    if dimension.column.path[0] == DATA:
        expression = _parsed(expression, dimension.column.kind)
    zoned = (
        expression.dt.replace_time_zone("UTC") if dimension.column.kind is Kind.DATE else expression
    )
    return zoned.dt.convert_time_zone(dimension.timezone).dt.strftime(
        FORMATS[dimension.granularity]
    )


def _parsed(text: "pl.Expr", kind: Kind) -> "pl.Expr":
    """Dates and moments of answers are kept as text."""
    import polars as pl

    if kind is Kind.DATE:
        return text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("ms"))
    return text.str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms", strict=False
    ).dt.replace_time_zone("UTC")


def _measure(query: Query) -> "pl.Expr":
    import polars as pl

    if query.value is None:
        return pl.len()
    column = pl.col(column_name(query.value))
    return _MEASURES[query.aggregate](column, query.value)


def _sum(column: "pl.Expr", source: Column) -> "pl.Expr":
    import polars as pl

    return (column.cast(pl.Int128) if source.whole else column).sum()


_MEASURES: dict[Aggregate, Callable[["pl.Expr", Column], "pl.Expr"]] = {
    Aggregate.COUNT: lambda column, _: column.count(),
    Aggregate.SUM: _sum,
    Aggregate.AVG: lambda column, _: column.mean(),
    Aggregate.MIN: lambda column, _: column.min(),
    Aggregate.MAX: lambda column, _: column.max(),
}


def _sorted(lazy: "pl.LazyFrame", query: Query) -> "pl.LazyFrame":
    if not query.dimensions:
        return lazy
    names = [VALUE if key.place is None else f"d{key.place}" for key in query.order]
    descending = [key.descending for key in query.order]
    return lazy.sort(names, descending=descending, nulls_last=descending)


def _test(condition: Condition) -> "pl.Expr":
    """True or false for every row, never null."""
    import polars as pl

    if isinstance(condition, In):
        return _in(condition)
    if isinstance(condition, Between):
        return _between(condition)
    if isinstance(condition, Negation):
        return ~_test(condition.condition)
    tests = [_test(member) for member in condition.conditions]
    if isinstance(condition, Every):
        return pl.all_horizontal(tests) if tests else pl.lit(value=True)
    return pl.any_horizontal(tests)


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
