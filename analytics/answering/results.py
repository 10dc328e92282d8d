"""The answer to a query as a table and as a body of JSON."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from analytics.query.ast import Aggregate
from analytics.query.finishing.records import Record, row_of
from analytics.query.finishing.shares import INTERVAL, INTERVALS, add_shares
from formplatform.core import clock

from .answers import QueryAnswer

Plain = dict[str, Any]
BETWEEN_OPTIONS = ";"
COUNTS = (Aggregate.COUNT, Aggregate.MISSING, Aggregate.COUNT_DISTINCT)
LARGEST = 2**63


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultColumn:
    """One column of an answer: `type` is text, integer, number or boolean."""

    name: str
    type: str
    label: str


def columns_of(answer: QueryAnswer) -> list[ResultColumn]:
    """The columns of an answer: two groups make two columns. Without a row they are there too."""
    table = flat_rows(answer)
    names = dict.fromkeys(name for row in table or [_blank(answer)] for name in row)
    counts = {each.name for each in answer.query.measures if each.aggregate in COUNTS}
    return [
        ResultColumn(
            name=name,
            type=_type_of([row.get(name) for row in table], is_count=name in counts),
            label=name,
        )
        for name in names
    ]


def flat_rows(answer: QueryAnswer) -> list[Plain]:
    """Rows without nested values: `{"_id": {"a": 1}, "ci": [0, 1]}` has a, ci.low and ci.high."""
    return [_flat(row, answer.query.include) for row in answer.rows]


def _flat(row: Plain, included: Collection[str]) -> Plain:
    flat: Plain = {}
    for name, value in row.items():
        if name == "_id" and isinstance(value, dict):
            # A group may be called as a figure is.
            flat |= {f"_id.{key}" if key in row else key: each for key, each in value.items()}
        elif name == INTERVAL and INTERVAL in included:
            flat |= _ends(name, value)
        elif name == INTERVALS and INTERVAL in included:
            for figure, ends in value.items():
                flat |= _ends(f"{figure}.{INTERVAL}", ends)
        elif isinstance(value, dict):
            flat |= {f"{name}.{key}": each for key, each in value.items()}
        else:
            flat[name] = BETWEEN_OPTIONS.join(value) if isinstance(value, list) else value
    return flat


def _blank(answer: QueryAnswer) -> Plain:
    """A row without a value."""
    query = answer.query
    record = Record(
        dict.fromkeys(each.name for each in query.dimensions),
        dict.fromkeys(each.name for each in query.measures),
        0,
    )
    add_shares(query, [record], whole=Record({}, {}, 0))
    return _flat(row_of(query, record), query.include)


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


def _type_of(values: Iterable[Any], *, is_count: bool) -> str:
    """Whole numbers are integers where they fit into 64 bits, as no file holds larger ones."""
    given = [value for value in values if value is not None]
    types = {type(value) for value in given}
    if types == {bool}:
        return "boolean"
    if types == {int} and all(abs(value) < LARGEST for value in given):
        return "integer"
    if not given:
        return "integer" if is_count else "text"
    return "number" if types <= {int, float} else "text"
