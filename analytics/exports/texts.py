"""CSV and JSON lines: written as they are read, in the memory of one batch."""

import codecs
import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import orjson

from formplatform.forms.csv_cells import escape

from .tables import Table, joined

BATCH = 1000


def write_csv(table: Table) -> Iterator[bytes]:
    """UTF-8 with a header. Text that a spreadsheet would run as a formula gets an apostrophe."""
    if table.marked:
        yield codecs.BOM_UTF8
    yield _lines([[escape(column.name) for column in table.columns]])
    for batch in table.batches(BATCH):
        yield _lines([[_cell(value) for value in row] for row in batch])


def write_jsonl(table: Table) -> Iterator[bytes]:
    """One object per line; several options are a list."""
    names = [column.name for column in table.columns]
    for batch in table.batches(BATCH):
        yield b"".join(
            orjson.dumps(dict(zip(names, map(_plain, row), strict=True))) + b"\n" for row in batch
        )


def _lines(rows: list[list[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return escape(str(_plain(joined(value))))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return value.isoformat() if isinstance(value, date) else value
