"""The file formats, each a function from a table to chunks of bytes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from .parquet import write_parquet
from .spreadsheets import write_xlsx
from .spss import write_sav
from .tables import Table
from .texts import write_csv, write_jsonl


class Format(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"
    XLSX = "xlsx"
    PARQUET = "parquet"
    SAV = "sav"


@dataclass(frozen=True, slots=True)
class Writer:
    content_type: str
    write: Callable[[Table], Iterator[bytes]]
    """Raises TooLargeError before the first chunk; takes back its files however it ends."""


WRITERS = {
    Format.CSV: Writer("text/csv; charset=utf-8", write_csv),
    Format.JSONL: Writer("application/x-ndjson", write_jsonl),
    Format.XLSX: Writer(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx
    ),
    Format.PARQUET: Writer("application/vnd.apache.parquet", write_parquet),
    Format.SAV: Writer("application/x-spss-sav", write_sav),
}
