"""SPSS .sav: the one format that is made in memory, so only as much as the cap allows.

pyreadstat writes a whole data frame at once. What that takes was measured at the cap:
docs/adr/0090.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from .files import sent_file
from .tables import Cell, Column, Table, cut, joined

MOST_CELLS = 1_000_000
LONGEST_NAME = 64
LONGEST_LABEL = 255
LONGEST_VALUE_LABEL = 120
LONGEST_TEXT = 32_767
"""All in bytes of UTF-8."""
MOST_COLUMNS = 32_767
RESERVED = frozenset(
    ("all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with")
)
YES_AND_NO = {1.0: "Yes", 0.0: "No"}
BATCH = 1000


def write_sav(table: Table) -> Iterator[bytes]:
    """Labels are variable labels and value labels; yes is 1 and no is 0."""
    table.check_size(rows=MOST_CELLS, cells=MOST_CELLS, columns=MOST_COLUMNS, kind="SPSS .sav")
    return sent_file(table, _make)


def _make(table: Table, directory: Path) -> Path:
    import pyreadstat

    names = variable_names(table.columns)
    path = directory / "export.sav"
    pyreadstat.write_sav(
        _frame(table, names),
        str(path),
        column_labels=[cut(column.label, LONGEST_LABEL) for column in table.columns],
        variable_value_labels=_value_labels(table.columns, names),
        variable_format=_formats(table.columns, names),
        row_compress=True,  # texts are padded to the longest: that must not fill the disk
    )
    return path


def variable_names(columns: Sequence[Column]) -> list[str]:
    """Names as SPSS takes them: letters, digits and underscores, told apart whatever the case."""
    taken: set[str] = set()
    return [_variable_name(column.name, taken) for column in columns]


def _variable_name(name: str, taken: set[str]) -> str:
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name).strip("_")
    if not plain or not plain[0].isalpha() or plain.lower() in RESERVED:
        plain = f"v_{plain}".rstrip("_")
    found, number = plain[:LONGEST_NAME], 1
    while found.lower() in taken:
        number += 1
        found = f"{plain[: LONGEST_NAME - 6]}_{number}"
    taken.add(found.lower())
    return found


def _frame(table: Table, names: Sequence[str]) -> Any:
    import pandas as pd

    values: list[list[Any]] = [[] for _ in names]
    for batch in table.batches(BATCH):
        for row in batch:
            for place, value in enumerate(row):
                values[place].append(value)
    series = {
        name: _series(column.cell, values[place])
        for place, (name, column) in enumerate(zip(names, table.columns, strict=True))
    }
    return pd.DataFrame(series)


def _series(cell: Cell, values: list[Any]) -> Any:
    """SPSS knows numbers, texts and times: a missing text is an empty one."""
    import pandas as pd

    if cell in (Cell.INTEGER, Cell.NUMBER, Cell.BOOLEAN):
        numbers = [None if value is None else float(value) for value in values]
        return pd.Series(numbers, dtype="float64")
    if cell in (Cell.MOMENT, Cell.DATE):
        return pd.Series([_clock(value) for value in values], dtype="datetime64[ms]")
    texts = ["" if value is None else cut(str(joined(value)), LONGEST_TEXT) for value in values]
    return pd.Series(texts, dtype="object")


def _clock(value: Any) -> Any:
    """What the clock of the zone showed: SPSS has no zones."""
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _value_labels(columns: Sequence[Column], names: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, column in zip(names, columns, strict=True):
        if column.cell is Cell.BOOLEAN:
            found[name] = YES_AND_NO
        elif column.value_labels:
            labels = column.value_labels.items()
            found[name] = {key: cut(label, LONGEST_VALUE_LABEL) for key, label in labels}
    return found


def _formats(columns: Sequence[Column], names: Sequence[str]) -> dict[str, str]:
    formats = {Cell.DATE: "SDATE10", Cell.MOMENT: "DATETIME23.3", Cell.INTEGER: "F16.0"}
    return {
        name: formats[column.cell]
        for name, column in zip(names, columns, strict=True)
        if column.cell in formats
    }
