"""Which responses were shown a field: its condition, asked of typed columns."""

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from analytics.query.ast import Column
from analytics.query.columns import DATA
from analytics.query.fields import Fields, Kind
from analytics.query.frames.columnar import column_name
from formplatform.forms.schema.conditions import UNARY, Condition

if TYPE_CHECKING:
    import polars as pl

ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
COMPARISONS = ORDERS | {"eq": operator.eq, "ne": operator.ne, "contains": operator.eq}
TEXTS = {Kind.TEXT, Kind.CHOICE, Kind.DATE, Kind.TIME, Kind.MOMENT}
"""Stored as texts, and compared as such."""


class UnknownError(Exception):
    """Columns do not tell: they hold of some answers only that there is one."""


def shown_if(condition: Condition, fields: Fields) -> "pl.Expr":
    """True or false for every response, as `Condition.holds` says. Raises UnknownError."""
    import polars as pl

    if condition.parts:
        parts = [shown_if(part, fields) for part in condition.parts]
        if condition.op == "not":
            return ~pl.all_horizontal(parts)
        return pl.any_horizontal(parts) if condition.op == "any" else pl.all_horizontal(parts)
    field = fields.find_id(condition.field)
    if field is None:
        raise UnknownError
    column = pl.col(answer_column(field.id))
    if condition.op in UNARY:
        return column.is_not_null() if condition.op == "answered" else column.is_null()
    found = _compared(condition, column, field.kind)
    return found.fill_null(value=condition.op == "ne")


def answer_column(field_id: str) -> str:
    return column_name(Column((DATA, field_id), Kind.TEXT))


def _compared(condition: Condition, column: "pl.Expr", kind: Kind) -> "pl.Expr":
    op, value = condition.op, condition.value
    given = value if isinstance(value, list) else [value]
    if kind in (Kind.NUMBER, Kind.BOOLEAN) and any(
        isinstance(each, bool) != (kind is Kind.BOOLEAN) for each in given
    ):
        raise UnknownError  # Python's own idea of equality: yes is 1
    if kind is Kind.OPTIONS and op == "contains":
        return _holds_option(column, value)
    if kind in TEXTS:
        return _text(op, column.cast(_string()), value)
    if kind is Kind.NUMBER:
        return _plain(op, column, value, (int, float))
    if kind is Kind.BOOLEAN and op not in ORDERS:
        return _plain(op, column, value, (bool,))
    raise UnknownError


def _string() -> "type[pl.String]":
    import polars as pl

    return pl.String


def _holds_option(column: "pl.Expr", value: Any) -> "pl.Expr":
    import polars as pl

    return column.list.eval(pl.element().cast(pl.String) == str(value)).list.any()


def _text(op: str, column: "pl.Expr", value: Any) -> "pl.Expr":
    if op == "contains" and isinstance(value, str):
        return column.str.contains(value, literal=True)
    return _plain(op, column, value, (str,))


def _plain(op: str, column: "pl.Expr", value: Any, types: tuple[type, ...]) -> "pl.Expr":
    """A value of another type equals nothing, and is in no order."""
    import polars as pl

    if op == "in":
        equal = [column == each for each in value if isinstance(each, types)]
        return pl.any_horizontal(pl.lit(value=False), *equal)
    if not isinstance(value, types):
        return pl.when(column.is_not_null()).then(pl.lit(value=op == "ne")).otherwise(None)
    compare: Callable[[Any, Any], pl.Expr] = COMPARISONS[op]
    return compare(column, value)
