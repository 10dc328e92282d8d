"""The answer to a query as a table and as a body of JSON."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from formplatform.core import clock

from .query_builder import QueryAnswer

Plain = dict[str, Any]


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
    """A row without nested groups: `{"_id": {"a": 1, "b": 2}}` has the columns a and b."""
    flat: Plain = {}
    for name, value in row.items():
        if name == "_id" and isinstance(value, dict):
            flat.update(value)
        else:
            flat[name] = value
    return flat


def body_of(answer: QueryAnswer) -> Plain:
    """What the query endpoint answers, and the columns."""
    columns = [
        {"name": column.name, "type": column.type, "label": column.label}
        for column in columns_of(answer)
    ]
    meta = {
        "engine": answer.engine,
        "as_of": clock.to_text(answer.as_of),
        "elapsed_ms": answer.elapsed_ms,
        "truncated": answer.truncated,
    }
    return {"data": answer.rows, "columns": columns, "meta": meta}


def _type_of(values: Iterable[Any]) -> str:
    types = {type(value) for value in values if value is not None}
    if types == {bool}:
        return "boolean"
    if types == {int}:
        return "integer"
    return "number" if types and types <= {int, float} else "text"
