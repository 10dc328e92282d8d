"""The answer to a query as a table."""

from typing import Any

from analytics.answering.answers import QueryAnswer
from analytics.answering.results import columns_of, flat_rows

from .tables import Cell, Column, Table


def answer_table(answer: QueryAnswer) -> Table:
    """Rows in the order of the answer; what a query answers is small."""
    columns = [
        Column(name=each.name, label=each.label, cell=CELLS.get(each.type, Cell.TEXT))
        for each in columns_of(answer)
    ]
    rows = flat_rows(answer)
    values = ([_value(row.get(column.name), column.cell) for column in columns] for row in rows)
    return Table(columns=columns, rows=values, most_rows=len(rows), truncated=answer.truncated)


def _value(value: Any, cell: Cell) -> Any:
    """A whole number among others is one of them; one among texts stays a number where it can."""
    return float(value) if cell is Cell.NUMBER and value is not None else value


CELLS = {
    "integer": Cell.INTEGER,
    "number": Cell.NUMBER,
    "boolean": Cell.BOOLEAN,
}
