"""XLSX and Parquet go out while their rows are read, and other programs open what goes out."""

import io
import zipfile
from itertools import count, islice, pairwise
from xml.etree import ElementTree as ET

import openpyxl
import polars as pl
import pytest

from analytics.exports import parquet
from analytics.exports.formats import WRITERS, Format
from analytics.exports.parquet import write_parquet
from analytics.exports.spreadsheets import write_xlsx
from analytics.exports.tables import Cell, Column, Table
from analytics.exports.thrift import read_struct, write_struct

BATCH = 1000
STREAMED = [Format.XLSX, Format.PARQUET]
HARMLESS = ["_x0041_", "_x0041_x0042_", "_x", "&<>\"'", "]]>", " a ", "", "\u2028", "a\rb"]
HARMLESS += ["\x00\x1f", "\ufffe\uffff", "=\x0b<"]


def table(rows, *columns):
    made = [Column(name=cell.value, label=cell.value, cell=cell) for cell in columns or [Cell.TEXT]]
    return Table(columns=made, rows=iter(rows), most_rows=10 * BATCH)


def written(*given):
    return b"".join(write_xlsx(table(*given)))


class Watched:
    """Rows that know how many of them were read, and whether they were let go."""

    def __init__(self, most=10 * BATCH, *, fails=False):
        self.read = 0
        self.closed = False
        self.rows = self._rows(most, fails=fails)

    def _rows(self, most, *, fails):
        try:
            for number in islice(count(), most):
                self.read += 1
                yield [f"{number * 7919 % 104729:x}" * 40]
            if fails:
                raise ConnectionError
        finally:
            self.closed = True


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    monkeypatch.setattr(parquet, "BATCH", BATCH)


@pytest.mark.parametrize(
    ("file_format", "beginning"),
    [(Format.XLSX, b"PK\x03\x04\x14\x00\x08\x00"), (Format.PARQUET, b"PAR1")],
)
def test_a_file_begins_before_its_first_row_is_read_and_keeps_coming(file_format, beginning):
    watched = Watched()
    chunks = WRITERS[file_format].write(table(watched.rows))
    assert (next(chunks)[: len(beginning)], watched.read) == (beginning, 0)
    read = [0]
    for chunk in chunks:
        assert 0 < len(chunk) < 200_000
        read.append(watched.read)
    assert max(later - earlier for earlier, later in pairwise(read)) <= 3 * BATCH
    assert read[-1] == 10 * BATCH


@pytest.mark.parametrize("file_format", STREAMED)
def test_who_hangs_up_lets_the_rows_go(file_format):
    watched = Watched()
    chunks = WRITERS[file_format].write(table(watched.rows))
    del watched.rows
    assert next(chunks)
    assert next(chunks)
    assert not watched.closed
    chunks.close()
    assert watched.closed
    assert 0 < watched.read <= 3 * BATCH


@pytest.mark.parametrize(
    ("file_format", "opens", "refusal"),
    [
        (Format.XLSX, openpyxl.load_workbook, zipfile.BadZipFile),
        (Format.PARQUET, pl.read_parquet, pl.exceptions.ComputeError),
    ],
)
def test_what_fails_in_between_leaves_a_file_that_no_program_opens(file_format, opens, refusal):
    watched, sent = Watched(2 * BATCH, fails=True), []
    with pytest.raises(ConnectionError):
        sent.extend(WRITERS[file_format].write(table(watched.rows)))
    assert len(b"".join(sent)) > 1000
    with pytest.raises(refusal):
        opens(io.BytesIO(b"".join(sent)))


def test_every_part_is_deflated_with_its_sizes_behind_it_as_the_oldest_readers_take_it():
    with zipfile.ZipFile(io.BytesIO(written([["a"]]))) as package:
        parts = package.infolist()
        assert package.testzip() is None
        for part in parts:
            ET.fromstring(package.read(part))
    assert [part.filename for part in parts] == [
        "[Content_Types].xml",
        "_rels/.rels",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/styles.xml",
        "xl/worksheets/sheet1.xml",
    ]
    assert {part.compress_type for part in parts} == {zipfile.ZIP_DEFLATED}
    assert {(part.flag_bits, part.extract_version, part.extra) for part in parts} == {(8, 20, b"")}


def test_a_sheet_too_large_for_its_package_is_no_file(monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100_000)
    sent = []
    with pytest.raises(RuntimeError, match="too large"):
        sent.extend(write_xlsx(table(Watched().rows)))
    assert not zipfile.is_zipfile(io.BytesIO(b"".join(sent)))


@pytest.mark.parametrize("text", HARMLESS)
def test_every_text_comes_back_as_spreadsheets_read_it(text):
    content = written([[text]])
    cell = openpyxl.load_workbook(io.BytesIO(content)).active["A2"]
    assert cell.data_type == "s"
    assert read_codes(cell.value or "") == text


def read_codes(written_text):
    """_xHHHH_ as spreadsheets read it, from the left and once."""
    found, rest = "", written_text
    while rest:
        if rest[:2] == "_x" and rest[6:7] == "_":
            found, rest = found + chr(int(rest[2:6], 16)), rest[7:]
        else:
            found, rest = found + rest[0], rest[1:]
    return found


def test_rows_are_equally_wide_and_columns_wide_enough_for_days():
    columns = (Cell.TEXT, Cell.DATE, Cell.MOMENT, Cell.INTEGER)
    content = written([[None] * 4, ["a", None, None, None]], *columns)
    rows = openpyxl.load_workbook(io.BytesIO(content), read_only=True).active.values
    assert list(rows) == [("text", "date", "moment", "integer"), (None,) * 4, ("a", *[None] * 3)]
    widths = openpyxl.load_workbook(io.BytesIO(content)).active.column_dimensions
    assert [widths[letter].width for letter in "ABCD"] == [13, 11, 24, 13]


def test_columns_are_named_as_spreadsheets_name_them():
    columns = [Column(name="", label="", cell=Cell.INTEGER)] * 16_384
    wide = Table(columns=columns, rows=iter([range(16_384)]), most_rows=1)
    with zipfile.ZipFile(io.BytesIO(b"".join(write_xlsx(wide)))) as package:
        _, row = ET.fromstring(package.read("xl/worksheets/sheet1.xml")).findall(".//{*}row")
    cells = [(cell.get("r"), cell[0].text) for cell in row]
    assert len(cells) == 16_384
    assert cells[24:27] == [("Y2", "24"), ("Z2", "25"), ("AA2", "26")]
    assert cells[701:703] == [("ZZ2", "701"), ("AAA2", "702")]
    assert cells[-1] == ("XFD2", "16383")


@pytest.mark.parametrize("rows", [0, 1, BATCH, 2 * BATCH + 1])
def test_row_groups_one_after_another_are_one_table(rows):
    values = [[None if n % 7 == 0 else n, f"{n % 5}", [f"{n}"] * (n % 3)] for n in range(rows)]
    columns = [Column(name=f"c{n}", label="", cell=Cell.NUMBER) for n in range(40)]
    columns += [Column(name=cell.value, label="", cell=cell) for cell in (Cell.TEXT, Cell.TEXTS)]
    wide = ([number] * 40 + rest for number, *rest in values)
    content = b"".join(write_parquet(Table(columns=columns, rows=wide, most_rows=rows)))
    frame = pl.read_parquet(io.BytesIO(content))
    assert frame.select("c0", "c39", "text", "texts").rows() == [(v[0], *v) for v in values]
    asked = pl.scan_parquet(io.BytesIO(content)).filter(pl.col("c7") > rows - 4)
    assert asked.collect()["c7"].to_list() == [n for n in range(rows)[-3:] if n % 7]


def test_what_nobody_knows_of_a_footer_comes_out_as_it_went_in():
    file = b"".join(write_parquet(table([["a"], ["b"]])))
    footer = file[-8 - int.from_bytes(file[-8:-4], "little") : -8]
    assert write_struct(read_struct(footer)) == footer
    known = {
        1: (1, None),
        2: (2, None),
        3: (3, b"\xff"),
        19: (6, -(2**62)),
        20: (7, b"8 bytes."),
        40: (9, (2, [b"\x01", b"\x02"])),
        41: (10, (5, list(range(-8, 200)))),
        42: (12, {7: (8, b"x" * 300)}),
    }
    assert read_struct(write_struct(known)) == known
    with pytest.raises(KeyError):
        read_struct(b"\x1b\x00")
