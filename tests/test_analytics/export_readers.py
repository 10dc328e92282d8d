"""The formats of exports, read by other programs: rows of the values their columns stand for."""

import csv
import io
import json
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pandas as pd
import polars as pl
import pyreadstat

from analytics.exports.answers import Written
from analytics.exports.selection import Selection, responses_table
from analytics.exports.tables import Cell
from formplatform.forms.csv_cells import unescape

BERLIN = ZoneInfo("Europe/Berlin")


def read_csv(content, columns):
    def value(text, cell):
        if text == "":
            return None
        numeric = {Cell.INTEGER: int, Cell.NUMBER: float, Cell.BOOLEAN: lambda t: t == "true"}
        times = {Cell.DATE: date.fromisoformat, Cell.MOMENT: datetime.fromisoformat}
        read = (numeric | times).get(cell, unescape)
        found = read(text)
        return found.split(";") if cell is Cell.TEXTS else found

    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    assert rows[0] == [column.name for column in columns]
    return [
        [value(text, column.cell) for text, column in zip(row, columns, strict=True)]
        for row in rows[1:]
    ]


def read_jsonl(content, columns):
    times = {Cell.DATE: date.fromisoformat, Cell.MOMENT: datetime.fromisoformat}
    rows = [json.loads(line) for line in content.splitlines()]
    return [
        [
            times[column.cell](row[column.name])
            if column.cell in times and row[column.name]
            else row[column.name]
            for column in columns
        ]
        for row in rows
    ]


def read_xlsx(content, columns):
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    rows = list(book.active.iter_rows(values_only=True))
    assert list(rows[0]) == [column.name for column in columns]

    def value(found, cell):
        if found is None:
            return None
        if cell is Cell.DATE:
            return found.date()
        if cell is Cell.MOMENT:
            return found.replace(tzinfo=BERLIN)
        return found.split(";") if cell is Cell.TEXTS else found

    return [
        [value(found, column.cell) for found, column in zip(row, columns, strict=True)]
        for row in rows[1:]
    ]


def read_parquet(content, columns):
    frame = pl.read_parquet(io.BytesIO(content))
    assert frame.columns == [column.name for column in columns]
    return [list(row) for row in frame.rows()]


def read_sav(content, columns, tmp_path):
    path = Path(tmp_path) / "read.sav"
    path.write_bytes(content)
    frame, meta = pyreadstat.read_sav(path)
    assert meta.column_labels == [column.label for column in columns]

    def value(found, cell):
        if found == "" or pd.isna(found):
            return None
        convert = {Cell.INTEGER: int, Cell.BOOLEAN: bool, Cell.NUMBER: float}
        if cell is Cell.MOMENT:
            return pd.Timestamp(found).round("ms").to_pydatetime().replace(tzinfo=BERLIN)
        if cell is Cell.DATE:
            return found if type(found) is date else pd.Timestamp(found).date()
        if cell is Cell.TEXTS:
            return found.split(";")
        return convert[cell](found) if cell in convert else found

    return [
        [value(found, column.cell) for found, column in zip(row, columns, strict=True)]
        for row in frame.astype(object).values.tolist()
    ]


def export(api, form_id, file_format, **asked):
    url = f"/api/v2/analytics/forms/{form_id}/export/"
    answer = api.get(url, {"as": file_format, **asked})
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def wanted_table(form_id, split, values):
    written = Written(
        labels=values == "labels", split_options=split == "split", timezone=BERLIN.key
    )
    return responses_table(
        form_id, Selection(personal=True, written=written), personal_allowed=True
    )
