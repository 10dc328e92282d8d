"""Figures over typed columns. Missing answers count in none of them but `missing`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from analytics.query.ast import Aggregate, Column, Measure
from analytics.query.fields import Kind

from .frame_conditions import ID, column_name, test_of

if TYPE_CHECKING:
    import polars as pl

TIME = "submitted_at"


def figure(measure: Measure, weights: Column | None) -> "pl.Expr":
    """The expression of one measure of a plan."""
    import polars as pl

    test = None if measure.condition is None else test_of(measure.condition)
    weight = None if weights is None else pl.col(column_name(weights))
    if measure.column is None:
        return _rows(test, weight)
    column = pl.col(column_name(measure.column))
    if measure.aggregate is Aggregate.MISSING:
        missing = column.is_null()
        return _rows(missing if test is None else test & missing, weight)
    if test is not None:
        column = pl.when(test).then(column).otherwise(None)
    if weight is not None:
        return _WEIGHED[measure.aggregate](column, weight)
    return _FIGURES[measure.aggregate](column, measure)


def _rows(test: "pl.Expr | None", weight: "pl.Expr | None") -> "pl.Expr":
    import polars as pl

    if weight is None:
        return pl.len().cast(pl.Int64) if test is None else test.sum().cast(pl.Int64)
    return weight.sum() if test is None else pl.when(test).then(weight).otherwise(0).sum()


def _sum(column: "pl.Expr", measure: Measure) -> "pl.Expr":
    import polars as pl

    whole = measure.column is not None and measure.column.whole
    return (column.cast(pl.Int128) if whole else column).sum()


def _distinct(column: "pl.Expr", measure: Measure) -> "pl.Expr":
    if measure.column is not None and measure.column.kind is Kind.OPTIONS:
        column = column.list.explode()
    return column.drop_nulls().n_unique()


def _mode(column: "pl.Expr", measure: Measure) -> "pl.Expr":
    """The most frequent value; of several the smallest."""
    return _plain(column, measure).drop_nulls().mode().min()


def _plain(column: "pl.Expr", measure: Measure) -> "pl.Expr":
    """Options in the order of their ids, not in that of the column's dictionary."""
    import polars as pl

    is_option = measure.column is not None and measure.column.kind is Kind.CHOICE
    return column.cast(pl.String) if is_option else column


def _first(column: "pl.Expr", _measure: Measure) -> "pl.Expr":
    return column.sort_by(TIME, ID).drop_nulls().first()


def _last(column: "pl.Expr", _measure: Measure) -> "pl.Expr":
    return column.sort_by(TIME, ID).drop_nulls().last()


def _percentile(column: "pl.Expr", measure: Measure) -> "pl.Expr":
    """Between the two nearest values, linearly (Hyndman and Fan 1996, definition 7)."""
    return column.quantile((measure.percentile or 0) / 100, interpolation="linear")


_FIGURES: dict[Aggregate, Callable[["pl.Expr", Measure], "pl.Expr"]] = {
    Aggregate.COUNT: lambda column, _: column.count(),
    Aggregate.COUNT_DISTINCT: _distinct,
    Aggregate.SUM: _sum,
    Aggregate.AVG: lambda column, _: column.mean(),
    Aggregate.MIN: lambda column, _: column.min(),
    Aggregate.MAX: lambda column, _: column.max(),
    Aggregate.MEDIAN: lambda column, _: column.median(),
    Aggregate.PERCENTILE: _percentile,
    Aggregate.STDDEV: lambda column, _: column.std(ddof=1),
    Aggregate.VARIANCE: lambda column, _: column.var(ddof=1),
    Aggregate.MODE: _mode,
    Aggregate.FIRST: _first,
    Aggregate.LAST: _last,
}


def _weighed_count(column: "pl.Expr", weight: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return pl.when(column.is_not_null()).then(weight).otherwise(0).sum()


def _weighed_mean(column: "pl.Expr", weight: "pl.Expr") -> "pl.Expr":
    import polars as pl

    total = _weighed_count(column, weight)
    return pl.when(total > 0).then((column * weight).sum() / total).otherwise(None)


def _linearised(column: "pl.Expr", weight: "pl.Expr") -> "pl.Expr":
    """The variance that `estimate_mean` takes: n / (n - 1) · Σw²(x - mean)² / Σw².

    Weights are set in proportion to the largest one and values to the smallest, so that neither
    their squares nor a mean far from zero cost digits.
    """
    import polars as pl

    above = column.cast(pl.Float64) - column.min()
    weight = pl.when(column.is_not_null()).then(weight)
    weight = weight / weight.max()
    off = above - (above * weight).sum() / weight.sum()
    n = column.count().cast(pl.Float64)
    spread = ((weight * off) ** 2).sum() / (weight**2).sum()
    return pl.when(n > 1).then(spread * n / (n - 1)).otherwise(None)


_WEIGHED: dict[Aggregate, Callable[["pl.Expr", "pl.Expr"], "pl.Expr"]] = {
    Aggregate.COUNT: _weighed_count,
    Aggregate.SUM: lambda column, weight: (column * weight).sum(),
    Aggregate.AVG: _weighed_mean,
    Aggregate.VARIANCE: _linearised,
    # Not asked for by a query: the extremes between which bins of a weighted answer lie.
    Aggregate.MIN: lambda column, _: column.min(),
    Aggregate.MAX: lambda column, _: column.max(),
}
