"""One Parquet file out of several: their pages one after another, and a footer that knows them all.

The numbers of fields are those of parquet.thrift:
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from collections.abc import Iterable, Iterator
from typing import Any

from .thrift import I64, LIST, STRUCT, Struct, read_struct, write_struct

MAGIC = b"PAR1"
TAIL = 8
"""Bytes behind a footer: its length and the magic ones."""
ROWS, GROUPS = 3, 4
"""Of a footer."""
CHUNKS, GROUP_PLACE, NUMBER = 1, 5, 7
"""Of a row group; a chunk is what it has of one column."""
CHUNK_PLACE, COLUMN = 2, 3
INDEX_PLACES, INDEXES = (4, 6), (4, 5, 6, 7)
"""Of a chunk: what is known of its pages."""
PAGE_PLACES = (9, 10, 11)
"""Of the column in a chunk."""


def one_file(files: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks of a file with the row groups of one file or more, all with the same columns.

    What is known of single pages stands between pages and footer of each file and is left out:
    readers skip row groups by their statistics, not pages.
    """
    yield MAGIC
    place, rows, groups = len(MAGIC), 0, []
    footer: Struct = {}
    for file in files:
        start = len(file) - TAIL - int.from_bytes(file[-TAIL:-4], "little")
        footer = read_struct(file[start:-TAIL])
        found = _items(footer, GROUPS)
        pages = file[len(MAGIC) : min([start, *_places_of_indexes(found)])]
        for group in found:
            _move(group, place - len(MAGIC))
        place += len(pages)
        rows += footer[ROWS][1]
        groups += found
        yield pages
    footer |= {ROWS: (I64, rows), GROUPS: (LIST, (STRUCT, groups))}
    written = write_struct(footer)
    yield written + len(written).to_bytes(4, "little") + MAGIC


def _items(struct: Struct, number: int) -> list[Any]:
    items: list[Any] = struct[number][1][1]
    return items


def _places_of_indexes(groups: Iterable[Struct]) -> Iterator[int]:
    for group in groups:
        for chunk in _items(group, CHUNKS):
            yield from (chunk[number][1] for number in INDEX_PLACES if number in chunk)


def _move(group: Struct, by: int) -> None:
    _shift(group, (GROUP_PLACE,), by)
    group.pop(NUMBER, None)
    for chunk in _items(group, CHUNKS):
        _shift(chunk, (CHUNK_PLACE,), by)
        _shift(chunk[COLUMN][1], PAGE_PLACES, by)
        for number in INDEXES:
            chunk.pop(number, None)


def _shift(struct: Struct, numbers: Iterable[int], by: int) -> None:
    for number in numbers:
        if number in struct:
            kind, place = struct[number]
            struct[number] = (kind, place + by)
