"""The answer to a query as a table and as a body of JSON."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from formplatform.core import clock

from .answers import QueryAnswer
from .query.shares import INTERVAL, INTERVALS

Plain = dict[str, Any]
BETWEEN_OPTIONS = ";"


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultColumn:
    """One column of an answer: `type` is text, integer, number or boolean."""

    name: str
    type: str
    label: str


def columns_of(answer: QueryAnswer) -> list[ResultColumn]:
    """The columns of an answer, derived from its rows: two groups make two columns."""
    names = dict.fromkeys(name for row in map(flat_row, answer.rows) for name in row)
    table = [flat_row(row) for row in answer.rows]
    return [
        ResultColumn(name=name, type=_type_of(row.get(name) for row in table), label=name)
        for name in names
    ]


def flat_row(row: Plain) -> Plain:
    """A row without nested values: `{"_id": {"a": 1}, "ci": [0, 1]}` has a, ci.low and ci.high."""
    flat: Plain = {}
    for name, value in row.items():
        if name == "_id" and isinstance(value, dict):
            flat.update(value)
        elif name == INTERVAL:
            flat |= _ends(name, value)
        elif name == INTERVALS and isinstance(value, dict):
            for figure, ends in value.items():
                flat |= _ends(f"{figure}.{INTERVAL}", ends)
        elif isinstance(value, dict):
            flat |= {f"{name}.{key}": each for key, each in value.items()}
        else:
            flat[name] = BETWEEN_OPTIONS.join(value) if isinstance(value, list) else value
    return flat


def _ends(name: str, ends: Any) -> Plain:
    low, high = ends or (None, None)
    return {f"{name}.low": low, f"{name}.high": high}


def body_of(answer: QueryAnswer) -> Plain:
    """An answer as its readers get it."""
    body: Plain = {"data": answer.rows, "columns": answer.columns}
    if answer.totals is not None:
        body["totals"] = answer.totals
    if answer.crosstab is not None:
        body["crosstab"] = answer.crosstab
    meta = {
        "engine": answer.engine,
        "reason": answer.reason,
        "as_of": clock.to_text(answer.as_of),
        "elapsed_ms": answer.elapsed_ms,
        "base_n": answer.base_n,
        "min_cell": answer.min_cell,
        "suppressed": answer.suppressed,
        "weighting": answer.weighting,
        "total_rows": answer.total_rows,
        "truncated": answer.truncated,
        "next": answer.next,
        "warnings": answer.warnings,
    }
    return {**body, "meta": meta}


def _type_of(values: Iterable[Any]) -> str:
    types = {type(value) for value in values if value is not None}
    if types == {bool}:
        return "boolean"
    if types == {int}:
        return "integer"
    return "number" if types and types <= {int, float} else "text"
