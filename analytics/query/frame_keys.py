"""The keys of groups over typed columns: small numbers wherever a label can be made afterwards."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .ast import Dimension, Granularity
from .buckets import DAYS, MIDDLE, MINUTES, MONTHS, OFFSETS, QUARTERS, label_of, shift_of
from .columns import DATA
from .fields import Kind
from .frame_conditions import column_name
from .limits import LARGEST_INTEGER

if TYPE_CHECKING:
    import polars as pl

SEPARATOR = "\x1f"
"""Between the options of a whole list; no id holds it."""


def add_key(lazy: "pl.LazyFrame", dimension: Dimension, name: str) -> "pl.LazyFrame":
    """The frame with a column of keys; a list of options becomes a row for each of them."""
    import polars as pl

    column = pl.col(column_name(dimension.column))
    if dimension.column.kind is not Kind.OPTIONS:
        return lazy.with_columns(_key(column, dimension).alias(name))
    # An empty list is a group of its own with a missing answer, on every executor.
    filled = pl.when(column.list.len() > 0).then(column).otherwise(None)
    if not dimension.explode:
        texts = filled.cast(pl.List(pl.String)).list.sort().list.join(SEPARATOR)
        return lazy.with_columns(texts.alias(name))
    if dimension.kept is not None:
        # Who chose two of the others is one response among those who chose any of them.
        filled = filled.list.eval(_key(pl.element(), dimension)).list.unique()
    return lazy.with_columns(filled.alias(name)).explode(name)


def shown_key(dimension: Dimension, key: Any) -> Any:
    """A key as the answer shows it."""
    if key is None:
        return None
    if dimension.granularity is not None:
        return label_of(dimension, key)
    if dimension.column.kind is Kind.OPTIONS and not dimension.explode:
        return tuple(key.split(SEPARATOR))
    return key


def _key(column: "pl.Expr", dimension: Dimension) -> "pl.Expr":
    if dimension.kept is not None:
        return _place(column, dimension)
    if dimension.bins is not None:
        return _bin(column, dimension)
    if dimension.granularity is not None:
        return _bucket(_moment(column, dimension), dimension)
    return column


def _place(column: "pl.Expr", dimension: Dimension) -> "pl.Expr":
    import polars as pl

    kept = list(dimension.kept or ())
    if dimension.column.kind in (Kind.CHOICE, Kind.OPTIONS):
        column = column.cast(pl.String)
    if dimension.column.kind is Kind.NUMBER and not dimension.column.whole:
        kept = [float(value) for value in kept if isinstance(value, int | float)]
    places = pl.lit(-1, pl.Int32)
    if kept:
        places = column.replace_strict(kept, range(len(kept)), default=-1, return_dtype=pl.Int32)
    return pl.when(column.is_null()).then(None).otherwise(places)


def _bin(column: "pl.Expr", dimension: Dimension) -> "pl.Expr":
    import polars as pl

    bins = dimension.bins
    assert bins is not None  # noqa: S101 - asked only where there are bins
    if bins.width is not None:
        return _place_by_width(column, bins.width)
    reached = [(column >= edge).cast(pl.Int64) for edge in bins.edges]
    total = pl.sum_horizontal(reached) if reached else pl.lit(0, pl.Int64)
    return pl.when(column.is_null()).then(None).otherwise(total)


def _place_by_width(column: "pl.Expr", width: float) -> "pl.Expr":
    """The n of n * width <= value < (n + 1) * width, which a rounded division may miss by one."""
    import polars as pl

    place = (column / width).floor().clip(-LARGEST_INTEGER, LARGEST_INTEGER)
    above = ((place + 1) * width <= column).cast(pl.Float64)
    below = (place * width > column).cast(pl.Float64)
    return (place + above - below).clip(-LARGEST_INTEGER, LARGEST_INTEGER).cast(pl.Int64)


def _moment(column: "pl.Expr", dimension: Dimension) -> "pl.Expr":
    """What the clock of the zone shows, and UTC beside it where that is needed."""
    import polars as pl

    if dimension.column.path[0] != DATA:
        return column
    if dimension.column.kind is Kind.DATE:
        moments = column.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("ms"))
    else:
        moments = column.str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms", strict=False)
    return moments.dt.replace_time_zone("UTC")


def _bucket(moment: "pl.Expr", dimension: Dimension) -> "pl.Expr":
    import polars as pl

    utc = moment.dt.replace_time_zone(None)
    wall = utc
    if dimension.timezone != "UTC":
        wall = moment.dt.convert_time_zone(dimension.timezone).dt.replace_time_zone(None)
    granularity = dimension.granularity
    if granularity in MINUTES:
        size = MINUTES[granularity]
        minutes = wall.dt.epoch("s") // 60 // size * size
        offset = (wall - utc).dt.total_minutes()
        return minutes * OFFSETS + offset + MIDDLE
    if granularity is Granularity.WEEK:
        days = wall.dt.date().cast(pl.Int32).cast(pl.Int64)
        return (days + shift_of(dimension.week_start)) // DAYS
    assert granularity is not None  # noqa: S101 - asked only where there are buckets
    return _NUMBERS[granularity](wall)


def _year(wall: "pl.Expr") -> "pl.Expr":
    import polars as pl

    return wall.dt.year().cast(pl.Int64)


_NUMBERS: dict[Granularity, Callable[["pl.Expr"], "pl.Expr"]] = {
    Granularity.DAY: lambda wall: wall.dt.epoch("d"),
    Granularity.MONTH: lambda wall: _year(wall) * MONTHS + wall.dt.month() - 1,
    Granularity.QUARTER: lambda wall: _year(wall) * QUARTERS + wall.dt.quarter() - 1,
    Granularity.YEAR: _year,
    Granularity.HOUR_OF_DAY: lambda wall: wall.dt.hour(),
    Granularity.DAY_OF_WEEK: lambda wall: wall.dt.weekday(),
}
