"""XLSX: rows are sent as they are read, every text as a text."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from formplatform.forms.csv_cells import escape

from .tables import Cell, Table, cut, joined
from .workbook import DAY, MOMENT, QUOTED, packed

MOST_ROWS = 1_048_575
"""What a sheet holds beside its header."""
MOST_COLUMNS = 16_384
MOST_CELLS = 20_000_000
"""The XML of a sheet has to stay below 2 GiB, and a usual cell takes 70 bytes of it."""
LONGEST_TEXT = 32_767
DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - sheets know no zones
FIRST_DAY = date(1900, 3, 1)
"""Before it spreadsheets count a day too many."""
LARGEST_EXACT = 10**15
"""A spreadsheet shows 15 digits; larger whole numbers, which are mostly names, are text."""
WIDTHS = {Cell.DATE: 11, Cell.MOMENT: 24}
"""In digits: a sheet shows a day that is wider than its column as a row of #."""
WIDTH = 13
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_UNWRITABLE = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
"""What XML cannot hold is written as _xHHHH_, and so is the beginning of what only looks so."""


def write_xlsx(table: Table) -> Iterator[bytes]:
    table.check_size(rows=MOST_ROWS, cells=MOST_CELLS, columns=MOST_COLUMNS, kind="XLSX")
    return packed(_columns(table), _rows(table))


def _columns(table: Table) -> str:
    return "".join(
        f'<col min="{place}" max="{place}" width="{WIDTHS.get(column.cell, WIDTH)}" '
        'customWidth="1"/>'
        for place, column in enumerate(table.columns, start=1)
    )


def _rows(table: Table) -> Iterator[str]:
    letters = [_letters(place) for place in range(len(table.columns))]
    yield _row(1, [column.name for column in table.columns], letters)
    for number, row in enumerate(table.rows, start=2):
        yield _row(number, row, letters)


def _letters(place: int) -> str:
    """A to Z, AA to ZZ and so on."""
    before, last = divmod(place, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)


def _row(number: int, values: Sequence[Any], letters: Sequence[str]) -> str:
    cells = [
        KINDS.get(type(value), _other)(f"{letter}{number}", value)
        for letter, value in zip(letters, values, strict=True)
        if value is not None
    ]
    if values[-1] is None:  # programs that read row by row find them equally wide
        cells.append(f'<c r="{letters[-1]}{number}"/>')
    return f'<row r="{number}">{"".join(cells)}</row>'


# --- Cells: each value as what it is; nothing is guessed from a text ----------------------------


def _text(at: str, text: str) -> str:
    """A text that looks like a formula is marked as text, so that editing it runs nothing.

    A cell breaks its lines by LF alone: a CR before it would be shown.
    """
    style = QUOTED if escape(text) != text else 0
    fitting = cut(text.replace("\r\n", "\n"), LONGEST_TEXT, encoding="utf-16-le", unit=2)
    written = _UNWRITABLE.sub(_code, fitting)
    return (
        f'<c r="{at}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{written}</t></is></c>'
    )


def _code(found: re.Match[str]) -> str:
    return ENTITIES.get(found[0]) or f"_x{ord(found[0]):04X}_"


def _number(at: str, value: float, style: int = 0) -> str:
    return f'<c r="{at}" s="{style}"><v>{value!r}</v></c>'


def _integer(at: str, value: int) -> str:
    return _number(at, value) if abs(value) < LARGEST_EXACT else _other(at, value)


def _float(at: str, value: float) -> str:
    return _number(at, value) if math.isfinite(value) else _other(at, value)


def _boolean(at: str, value: bool) -> str:  # noqa: FBT001 - a value among values
    return f'<c r="{at}" t="b"><v>{value:d}</v></c>'


def _day(at: str, value: date) -> str:
    if value < FIRST_DAY:
        return _other(at, value)
    return _number(at, (value - DAY_ZERO.date()).days, DAY)


def _moment(at: str, value: datetime) -> str:
    """What the clock of the zone showed: sheets know no zones."""
    if value.date() < FIRST_DAY:
        return _other(at, value)
    return _number(at, (value.replace(tzinfo=None) - DAY_ZERO) / timedelta(days=1), MOMENT)


def _other(at: str, value: Any) -> str:
    return _text(at, str(joined(value)))


KINDS: dict[type, Callable[[str, Any], str]] = {
    str: _text,
    bool: _boolean,
    int: _integer,
    float: _float,
    date: _day,
    datetime: _moment,
}
