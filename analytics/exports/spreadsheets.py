"""XLSX: written row by row to disk, every text a text."""

import math
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from formplatform.forms.csv_cells import escape

from .files import sent_file
from .tables import Table, cut, joined

MOST_ROWS = 1_048_575
"""What a sheet holds beside its header."""
MOST_COLUMNS = 16_384
MOST_CELLS = 2_500_000
"""Nothing is sent before the file is whole: more would keep the reader waiting past a proxy's
patience."""
LONGEST_TEXT = 32_767
FIRST_DAY = date(1900, 3, 1)
"""Before it spreadsheets count a day too many."""
LARGEST_EXACT = 10**15
"""A spreadsheet shows 15 digits; larger whole numbers, which are mostly names, are text."""
BATCH = 1000


def write_xlsx(table: Table) -> Iterator[bytes]:
    table.check_size(rows=MOST_ROWS, cells=MOST_CELLS, columns=MOST_COLUMNS, kind="XLSX")
    return sent_file(table, _make)


def _make(table: Table, directory: Path) -> Path:
    import xlsxwriter

    path = directory / "export.xlsx"
    options = {"constant_memory": True, "tmpdir": str(directory)}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = _Sheet(book)
        sheet.write_row([column.name for column in table.columns])
        for batch in table.batches(BATCH):
            for row in batch:
                sheet.write_row(row)
    return path


class Exact(float):
    """A number written with all its digits: the library asks for 16, which may be one too few."""

    def __format__(self, _specification: str) -> str:
        return repr(float(self))


class _Sheet:
    """Writes each value as what it is; nothing is guessed from a text."""

    def __init__(self, book: Any) -> None:
        self._sheet = book.add_worksheet("Export")
        self._quoted = book.add_format({"quote_prefix": True})
        self._date = book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
        self._row = 0

    def write_row(self, row: Any) -> None:
        for place, value in enumerate(row):
            if value is not None:
                self._write(place, joined(value))
        self._row += 1

    def _write(self, place: int, value: Any) -> None:
        at = (self._row, place)
        if isinstance(value, bool):
            self._sheet.write_boolean(*at, value)
        elif isinstance(value, float) and math.isfinite(value):
            self._sheet.write_number(*at, Exact(value))
        elif isinstance(value, int) and abs(value) < LARGEST_EXACT:
            self._sheet.write_number(*at, value)
        elif isinstance(value, datetime) and value.date() >= FIRST_DAY:
            self._sheet.write_datetime(*at, value.replace(tzinfo=None), self._moment)
        elif isinstance(value, date) and not isinstance(value, datetime) and value >= FIRST_DAY:
            self._sheet.write_datetime(*at, value, self._date)
        else:
            self._write_text(at, value if isinstance(value, str) else str(value))

    def _write_text(self, at: tuple[int, int], text: str) -> None:
        """A text that looks like a formula is marked as text, so that editing it runs nothing.

        A cell breaks its lines by LF alone: a CR before it would be shown.
        """
        style = self._quoted if escape(text) != text else None
        fitting = cut(text.replace("\r\n", "\n"), LONGEST_TEXT, encoding="utf-16-le", unit=2)
        self._sheet.write_string(*at, fitting, style)
