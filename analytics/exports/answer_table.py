"""The answer to a query as a table."""

from analytics.answers import QueryAnswer
from analytics.results import columns_of, flat_row

from .tables import Cell, Column, Table


def answer_table(answer: QueryAnswer) -> Table:
    """Rows in the order of the answer; what a query answers is small."""
    columns = [
        Column(name=each.name, label=each.label, cell=CELLS.get(each.type, Cell.TEXT))
        for each in columns_of(answer)
    ]
    rows = [flat_row(row) for row in answer.rows]
    values = ([_value(row.get(column.name), column.cell) for column in columns] for row in rows)
    return Table(columns=columns, rows=values, most_rows=len(rows), truncated=answer.truncated)


def _value(value: object, cell: Cell) -> object:
    if value is None or isinstance(value, str) or cell is not Cell.TEXT:
        return value
    return str(value)


CELLS = {
    "integer": Cell.INTEGER,
    "number": Cell.NUMBER,
    "boolean": Cell.BOOLEAN,
}
