"""Answering a plan from columns."""

from typing import TYPE_CHECKING

from analytics.query import limits
from analytics.query.ast import Column, Dimension
from analytics.query.plan import Group, Plan
from analytics.query.rows import plain

from .frame_conditions import column_name, test_of
from .frame_keys import add_key, shown_key
from .frame_measures import figure

if TYPE_CHECKING:
    import polars as pl

__all__ = ["answer", "column_name"]


def answer(plan: Plan, lazy: "pl.LazyFrame") -> list[Group]:
    """The groups of a plan over a frame made by `analytics.columns`, one more than allowed at most.

    Without dimensions there is one group, also where nothing matches.
    """
    if plan.condition is not None:
        lazy = lazy.filter(test_of(plan.condition))
    if plan.weights is not None:
        lazy = lazy.filter(_is_weighed(plan.weights))
    keys = [f"k{place}" for place in range(len(plan.dimensions))]
    for name, dimension in zip(keys, plan.dimensions, strict=True):
        lazy = add_key(lazy, dimension, name)
    figures = [
        figure(measure, plan.weights).alias(f"v{place}")
        for place, measure in enumerate(plan.measures)
    ]
    if keys:
        lazy = lazy.group_by(keys).agg(figures).limit(limits.MAX_GROUPS + 1)
    else:
        lazy = lazy.select(figures)
    found = lazy.collect()
    return [
        (_shown(plan.dimensions, row[: len(keys)]), tuple(map(plain, row[len(keys) :])))
        for row in found.iter_rows()
    ]


def _is_weighed(weights: Column) -> "pl.Expr":
    """Responses without a weight above zero are no part of a weighted answer."""
    import polars as pl

    return (pl.col(column_name(weights)) > 0).fill_null(value=False)


def _shown(dimensions: tuple[Dimension, ...], keys: tuple[object, ...]) -> tuple[object, ...]:
    pairs = zip(dimensions, keys, strict=True)
    return tuple(plain(shown_key(dimension, key)) for dimension, key in pairs)
