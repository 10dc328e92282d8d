"""A workbook goes out while its rows are read, and every program opens what goes out."""

import io
import zipfile
from itertools import count, islice, pairwise
from xml.etree import ElementTree as ET

import openpyxl
import pytest

from analytics.exports import spreadsheets
from analytics.exports.spreadsheets import write_xlsx
from analytics.exports.tables import Cell, Column, Table

BATCH = spreadsheets.BATCH
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


def test_a_workbook_begins_before_its_first_row_is_read_and_keeps_coming():
    watched = Watched()
    chunks = write_xlsx(table(watched.rows))
    first = next(chunks)
    assert (first[:4], first[30:49], watched.read) == (b"PK\x03\x04", b"[Content_Types].xml", 0)
    read = [0]
    for chunk in chunks:
        assert 0 < len(chunk) < 200_000
        read.append(watched.read)
    assert max(later - earlier for earlier, later in pairwise(read)) <= 3 * BATCH
    assert read[-1] == 10 * BATCH


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


def test_who_hangs_up_lets_the_rows_go():
    watched = Watched()
    chunks = write_xlsx(table(watched.rows))
    del watched.rows
    assert next(chunks)
    assert next(chunks)
    assert not watched.closed
    chunks.close()
    assert watched.closed
    assert BATCH <= watched.read <= 3 * BATCH


def test_what_fails_in_between_leaves_a_file_that_no_program_opens():
    watched, sent = Watched(2 * BATCH, fails=True), []
    with pytest.raises(ConnectionError):
        sent.extend(write_xlsx(table(watched.rows)))
    assert len(b"".join(sent)) > 1000
    with pytest.raises(zipfile.BadZipFile):
        openpyxl.load_workbook(io.BytesIO(b"".join(sent)))


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
    columns = [Column(name=str(place), label="", cell=Cell.INTEGER) for place in range(16_384)]
    wide = Table(columns=columns, rows=iter([range(16_384)]), most_rows=1)
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(write_xlsx(wide)))).active
    places = {sheet.cell(2, place + 1).coordinate: place for place in (0, 25, 26, 701, 702, 16_383)}
    assert list(places) == ["A2", "Z2", "AA2", "ZZ2", "AAA2", "XFD2"]
    assert [sheet[at].value for at in places] == list(places.values())
