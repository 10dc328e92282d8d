"""What every file format writes: typed columns and rows that are read once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Any

from formplatform.core.errors import TooLargeError

Rows = Iterator[Sequence[Any]]
SEPARATOR = ";"
"""Between several options in one cell, as imports read them."""


CUT = "…"
LONGEST_LETTER = 4
"""Bytes, in any encoding of Unicode."""


class Cell(Enum):
    """What the cells of a column hold, None aside."""

    TEXT = "text"
    TEXTS = "texts"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column: `name` is unique in its table, `label` is for people."""

    name: str
    label: str
    cell: Cell
    value_labels: dict[str, str] = field(default_factory=dict)
    """Of a choice written by its ids: id → label."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table to be written. `most_rows` is known before the first row is read."""

    columns: Sequence[Column]
    rows: Rows
    most_rows: int
    timezone: str = "UTC"
    truncated: bool = False
    """Whether there would have been more rows."""
    marked: bool = False
    """Whether CSV begins with the mark by which Excel knows UTF-8."""

    def batches(self, size: int) -> Iterator[list[Sequence[Any]]]:
        while batch := list(islice(self.rows, size)):
            yield batch

    def check_size(self, *, rows: int, cells: int, columns: int, kind: str) -> None:
        """Raises TooLargeError where the table may be larger than a format can take."""
        wide = len(self.columns)
        found = self.most_rows * wide
        if self.most_rows <= rows and found <= cells and wide <= columns:
            return
        raise TooLargeError(
            f"{kind} takes {rows:,} rows, {columns:,} columns and {cells:,} cells here, and this "
            f"would be up to {self.most_rows:,}, {wide:,} and {found:,}: choose fewer fields, or "
            "csv, jsonl or parquet."
        )


def joined(value: Any) -> Any:
    """Several options in one cell."""
    return SEPARATOR.join(value) if isinstance(value, list) else value


def cut(text: str, most: int, *, encoding: str = "utf-8", unit: int = 1) -> str:
    """A text of at most so many units of an encoding; one that was cut ends in an ellipsis."""
    if len(text) * LONGEST_LETTER <= most * unit:
        return text
    encoded = text.encode(encoding)
    if len(encoded) <= most * unit:
        return text
    room = most * unit - len(CUT.encode(encoding))
    return encoded[:room].decode(encoding, "ignore") + CUT
