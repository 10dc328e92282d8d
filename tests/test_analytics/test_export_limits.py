"""What formats cannot hold: cut where a reader sees it, refused, or written in another way."""

import io
from datetime import date

import openpyxl
import polars as pl
import pyreadstat
import pytest

from analytics.exports.formats import WRITERS, Format
from analytics.exports.spss import variable_names
from analytics.exports.tables import Cell, Column, Table, cut
from formplatform.core.errors import TooLargeError


def table(cell, values, *, columns=1, **column):
    return Table(
        columns=[
            Column(name=f"c{n}", label=column.pop("label", f"C{n}"), cell=cell, **column)
            for n in range(columns)
        ],
        rows=iter([[value] * columns for value in values]),
        most_rows=len(values),
    )


def written(file_format, *given, **options):
    return b"".join(WRITERS[file_format].write(table(*given, **options)))


def sheet_of(content):
    return [row[0] for row in openpyxl.load_workbook(io.BytesIO(content)).active.values][1:]


@pytest.fixture
def read_sav(tmp_path):
    def read(content):
        (tmp_path / "x.sav").write_bytes(content)
        frame, meta = pyreadstat.read_sav(tmp_path / "x.sav")
        return frame.iloc[:, 0].tolist(), meta

    return read


NUMBERS = [0.1 + 0.2, 123456789.123456789, 1e15, 1e308, -5e-324, -2.5]


def test_numbers_keep_every_digit_in_every_format(read_sav):
    assert sheet_of(written(Format.XLSX, Cell.NUMBER, NUMBERS)) == NUMBERS
    parquet = pl.read_parquet(io.BytesIO(written(Format.PARQUET, Cell.NUMBER, NUMBERS)))
    assert parquet["c0"].to_list() == NUMBERS
    assert read_sav(written(Format.SAV, Cell.NUMBER, NUMBERS))[0] == NUMBERS
    lines = written(Format.CSV, Cell.NUMBER, NUMBERS).decode().split()[1:]
    assert [float(line) for line in lines] == NUMBERS


def test_whole_numbers_a_spreadsheet_does_not_show_are_text():
    assert sheet_of(written(Format.XLSX, Cell.INTEGER, [10**15 - 1, -(10**15)])) == [
        10**15 - 1,
        "-1000000000000000",
    ]


def test_a_line_break_is_one_character_in_a_sheet_and_stays_what_it_was_elsewhere(read_sav):
    text = "one\r\ntwo\nthree"
    assert sheet_of(written(Format.XLSX, Cell.TEXT, [text])) == ["one\ntwo\nthree"]
    assert read_sav(written(Format.SAV, Cell.TEXT, [text]))[0] == [text]


def test_a_sheet_has_so_many_columns_and_no_more():
    assert written(Format.XLSX, Cell.BOOLEAN, [True], columns=16_384)
    with pytest.raises(TooLargeError, match="16,384 columns"):
        written(Format.XLSX, Cell.BOOLEAN, [True], columns=16_385)


def test_a_sheet_has_so_many_rows_and_no_more():
    column = Column(name="a", label="A", cell=Cell.TEXT)
    fits, exceeds = (
        Table(columns=[column], rows=iter([["x"]]), most_rows=most)
        for most in (1_048_575, 1_048_576)
    )
    assert next(WRITERS[Format.XLSX].write(fits))
    with pytest.raises(TooLargeError, match="1,048,575 rows"):
        WRITERS[Format.XLSX].write(exceeds)
    assert list(exceeds.rows) == [["x"]]


@pytest.mark.parametrize("letter", ["x", "ü", "漢", "😀"])
def test_a_text_too_long_is_cut_at_whole_letters_and_shows_it(read_sav, letter):
    text = letter * 40_000
    (in_sheet,) = sheet_of(written(Format.XLSX, Cell.TEXT, [text]))
    assert set(in_sheet) == {letter, "…"}
    assert len(in_sheet.encode("utf-16-le")) // 2 in (32_766, 32_767)
    ((in_sav,), _) = read_sav(written(Format.SAV, Cell.TEXT, [text]))
    assert set(in_sav) == {letter, "…"}
    assert 32_767 - 4 < len(in_sav.encode()) <= 32_767
    assert cut(letter * 9, 9 * len(letter.encode())) == letter * 9


def test_labels_fit_into_their_bytes_at_whole_letters(read_sav):
    labels = {"good": "a" + "漢" * 60, "rather_good_i_think": "Ü" * 60, "bad": "Bad"}
    content = written(Format.SAV, Cell.TEXT, ["good"], label="b" + "漢" * 100, value_labels=labels)
    _, meta = read_sav(content)
    assert meta.column_labels == ["b" + "漢" * 83 + "…"]
    assert meta.variable_value_labels["c0"] == labels | {"good": "a" + "漢" * 38 + "…"}


def test_days_no_calendar_of_a_spreadsheet_has_are_kept(read_sav):
    days = [date(1, 1, 1), date(1582, 10, 14), date(1900, 2, 28), date(9999, 12, 31)]
    found = sheet_of(written(Format.XLSX, Cell.DATE, days))
    assert found[:3] == ["0001-01-01", "1582-10-14", "1900-02-28"]
    assert found[3].date() == days[3]
    assert read_sav(written(Format.SAV, Cell.DATE, days))[0] == days
    parquet = pl.read_parquet(io.BytesIO(written(Format.PARQUET, Cell.DATE, days)))
    assert parquet["c0"].to_list() == days


def test_names_become_such_as_spss_takes():
    names = ["_id", "a b", "A_b", "with", "9", "ünï", "x" * 80, "x" * 81]
    columns = [Column(name=name, label=name, cell=Cell.TEXT) for name in names]
    found = variable_names(columns)
    assert found[:5] == ["id", "a_b", "A_b_2", "v_with", "v_9"]
    assert len(set(found)) == len(found)
    assert all(len(name) <= 64 for name in found)
