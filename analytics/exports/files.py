"""Formats that need a file to seek in: made in a directory of their own, sent, taken away."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from .tables import Table

CHUNK = 256 * 1024


class Make(Protocol):
    def __call__(self, table: Table, directory: Path) -> Path: ...


def sent_file(table: Table, make: Make) -> Iterator[bytes]:
    """The chunks of a file that exists only while it is sent, a broken connection included."""
    with TemporaryDirectory(prefix="export-") as name, make(table, Path(name)).open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
