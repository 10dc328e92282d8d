"""Every format holds what was answered, and other programs read the same values back."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import openpyxl
import polars as pl
import pyreadstat
import pytest
from django.contrib.auth.models import User

from analytics.exports import files, spreadsheets, spss
from analytics.exports.formats import WRITERS, Format
from analytics.exports.selection import Selection, responses_table
from formplatform.forms.access import Role, share_form
from formplatform.forms.domain import Source
from formplatform.forms.storage.registry import get_store
from tests.factories.forms import FormResponseFactory
from tests.test_analytics import study
from tests.test_analytics.export_readers import (
    BERLIN,
    export,
    read_csv,
    read_jsonl,
    read_parquet,
    read_sav,
    read_xlsx,
    wanted_table,
)
from tests.test_analytics.test_api import client_of

FORMULAS = ["=1+1", "+49 30", "-x", "@cmd", "\tx", "plain", "'=1", '"quoted", ünï 👋']
FORMULAS += ["\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", "\n=1"]
"""The wide forms too, and a line break before one."""


@pytest.fixture
def ada():
    return User.objects.create_user("ada")


@pytest.fixture
def api(ada, form_store):
    return client_of(ada)


@pytest.fixture
def form_id(api):
    form = api.post("/api/v2/forms/", {"title": "Study", "definition": study.DEFINITION}).json()
    api.post(f"/api/v2/forms/{form['id']}/publish/")
    return form["id"]


@pytest.fixture
def answered(form_id):
    """Responses with every kind of answer, and one without any."""
    everything = {
        "department": "it",
        "status": "approved",
        "tags": ["red", "blue"],
        "age": -3,
        "amount": 0.1,
        "score": 5,
        "member": False,
        "born": "2000-02-29",
        "wakes": "06:30:00",
        "seen": "2026-03-29T01:30:00.123Z",
        "email": "someone@example.org",
        "care": {"food": "good"},
        "order": ["y", "x"],
    }
    answers = [everything, {}, *({"note": text, "age": 1} for text in FORMULAS)]
    first = datetime(2026, 3, 20, 22, 30, 0, 500_000, tzinfo=UTC)
    get_store().insert_responses(
        [
            FormResponseFactory(
                form_id=form_id,
                data=data,
                submitted_at=first + timedelta(days=day),
                source=Source.IMPORT,
            )
            for day, data in enumerate(answers)
        ]
    )
    return form_id


@pytest.mark.parametrize("file_format", list(Format))
@pytest.mark.parametrize("split", ["joined", "split"])
@pytest.mark.parametrize("values", ["ids", "labels"])
def test_every_format_gives_back_the_same_values(
    api, answered, tmp_path, file_format, split, values
):
    asked = {"personal": "true", "options": split, "values": values, "timezone": BERLIN.key}
    content = export(api, answered, file_format.value, **asked)
    table = wanted_table(answered, split, values)
    read = {
        Format.CSV: read_csv,
        Format.JSONL: read_jsonl,
        Format.XLSX: read_xlsx,
        Format.PARQUET: read_parquet,
        Format.SAV: lambda *given: read_sav(*given, tmp_path),
    }[file_format]
    expected = [list(row) for row in table.rows]
    found = read(content, table.columns)
    assert found == expected


def test_the_cells_are_what_was_answered(api, answered):
    asked = {"personal": "true", "timezone": BERLIN.key}
    first = json.loads(export(api, answered, "jsonl", **asked).splitlines()[0])
    del first["_id"]
    assert first == {
        "_submitted_at": "2026-03-20T23:30:00.500+01:00",
        "_version": 1,
        "_revision": 1,
        "department": "it",
        "state": "approved",
        "tags": ["red", "blue"],
        "age": -3,
        "amount": 0.1,
        "score": 5,
        "member": False,
        "born": "2000-02-29",
        "wakes": "06:30:00",
        "seen": "2026-03-29T03:30:00.123+02:00",
        "note": None,
        "email": "someone@example.org",
        "care.food": "good",
        "care.staff": None,
        "order": ["y", "x"],
        "scan": None,
        "effort": None,
    }
    asked = {"values": "labels", "options": "split", "fields": "tags,department,care"}
    labelled = json.loads(export(api, answered, "jsonl", **asked).splitlines()[0])
    assert list(labelled.items())[4:] == [
        ("Tags: Red", True),
        ("Tags: Green", False),
        ("Tags: Blue", True),
        ("Department", "IT"),
        ("Care: Food", "Good"),
        ("Care: Staff", None),
    ]


def test_no_cell_of_a_spreadsheet_runs_as_a_formula(api, answered):
    rows = list(csv.DictReader(io.StringIO(export(api, answered, "csv").decode(), newline="")))
    assert [row["note"] for row in rows[2:6]] == ["'=1+1", "'+49 30", "'-x", "'@cmd"]
    assert [row["note"] for row in rows[-5:]] == [f"'{text}" for text in FORMULAS[-5:]]
    assert rows[0]["age"] == "-3", "a number stays one"
    book = openpyxl.load_workbook(io.BytesIO(export(api, answered, "xlsx")))
    sheet = book.active
    place = [cell.value for cell in sheet[1]].index("note") + 1
    cells = [sheet.cell(row, place) for row in range(4, 4 + len(FORMULAS))]
    assert [cell.value for cell in cells] == FORMULAS
    assert {cell.data_type for cell in cells} == {"s"}
    marked = [cell.value for cell in cells if cell.quotePrefix]
    assert marked == ["=1+1", "+49 30", "-x", "@cmd", "\tx", "'=1", *FORMULAS[-5:]]
    assert sheet.cell(2, 8).data_type == "n"


def test_personal_fields_come_only_to_those_who_may_and_ask(ada, api, answered):
    for file_format in Format:
        assert b"someone@" not in export(api, answered, file_format.value)
    url = f"/api/v2/analytics/forms/{answered}/export/"
    refused = api.get(url, {"fields": "email"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "personal_data")
    assert b"someone@" in export(api, answered, "csv", fields="email", personal="true")
    narrow = client_of(ada, scopes=["analytics:read"])
    assert narrow.get(url).status_code == 403
    assert narrow.get(url, {"personal": "true"}).status_code == 403
    query = {"aggregate": "count", "group_by": "email"}
    assert narrow.post(f"{url}?personal=true", query).status_code == 403
    assert api.post(url, query).json()["errors"][0]["code"] == "personal_data"
    open_file = b"".join(api.post(f"{url}?personal=true", query).streaming_content)
    assert b"someone@example.org,1" in open_file


def test_a_span_and_a_version_choose_the_responses(api, answered):
    def count(**asked):
        return len(export(api, answered, "jsonl", **asked).splitlines())

    total = 2 + len(FORMULAS)
    assert count() == total
    assert count(**{"from": "2026-03-21", "to": "2026-03-22"}) == 2
    assert count(**{"from": "2026-03-21", "to": "2026-03-22", "timezone": "Asia/Tokyo"}) == 2
    assert count(to="2026-03-21", timezone="Asia/Tokyo") == 1
    assert count(**{"from": "2026-03-21T22:30:00.500Z"}) == total - 1
    assert (count(version=1), count(version=2)) == (total, 0)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"as": "exe"}, "as"),
        ({"fields": "nope"}, "fields"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"from": "yesterday"}, "from"),
        ({"version": "0"}, "version"),
        ({"values": "both"}, "values"),
    ],
)
def test_an_export_nobody_can_make_is_refused_by_its_field(api, form_id, asked, field):
    refused = api.get(f"/api/v2/analytics/forms/{form_id}/export/", asked)
    assert refused.status_code == 400
    assert [error["field"] for error in refused.json()["errors"]] == [field]


@pytest.mark.parametrize("file_format", list(Format))
def test_a_form_without_responses_gives_a_file_with_its_columns(
    api, form_id, tmp_path, file_format
):
    content = export(api, form_id, file_format.value)
    if file_format is Format.CSV:
        assert content.startswith(b"_id,_submitted_at,_version,_revision,department,")
    elif file_format is Format.JSONL:
        assert content == b""
    elif file_format is Format.XLSX:
        assert openpyxl.load_workbook(io.BytesIO(content)).active["A1"].value == "_id"
    elif file_format is Format.PARQUET:
        assert pl.read_parquet(io.BytesIO(content)).columns[0] == "_id"
    else:
        (tmp_path / "empty.sav").write_bytes(content)
        assert len(pyreadstat.read_sav(tmp_path / "empty.sav")[0]) == 0


@pytest.mark.parametrize("file_format", list(Format))
def test_the_answer_to_a_query_is_a_file_too(api, answered, tmp_path, file_format):
    query = {"aggregate": "sum", "value": "age", "group_by": ["department", "status"]}
    url = f"/api/v2/analytics/forms/{answered}/export/"
    answer = api.post(f"{url}?as={file_format}", query)
    content = b"".join(answer.streaming_content)
    expected = [("it", "approved", -3), (None, None, len(FORMULAS))]
    if file_format is Format.CSV:
        rows = [tuple(row) for row in csv.reader(io.StringIO(content.decode(), newline=""))][1:]
        found = [(a or None, b or None, int(c)) for a, b, c in rows]
    elif file_format is Format.JSONL:
        found = [tuple(json.loads(line).values()) for line in content.splitlines()]
    elif file_format is Format.XLSX:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        found = list(book.active.iter_rows(values_only=True, min_row=2))
    elif file_format is Format.PARQUET:
        found = pl.read_parquet(io.BytesIO(content)).rows()
    else:
        (tmp_path / "answer.sav").write_bytes(content)
        frame, _ = pyreadstat.read_sav(tmp_path / "answer.sav")
        found = [(a or None, b or None, int(c)) for a, b, c in frame.values.tolist()]
    assert sorted(found, key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("file_format", list(Format))
def test_an_answer_without_rows_has_its_columns(api, answered, tmp_path, file_format):
    query = {
        "measures": ["count", {"op": "avg", "field": "age"}],
        "group_by": ["department"],
        "include": ["share", "ci"],
        "filter": {"age": 77},
    }
    url = f"/api/v2/analytics/forms/{answered}/export/"
    content = b"".join(api.post(f"{url}?as={file_format}", query).streaming_content)
    names = ["department", "count", "avg_age", "share", "ci.low", "ci.high"]
    names += ["avg_age.ci.low", "avg_age.ci.high"]
    if file_format is Format.CSV:
        assert content.decode().split() == [",".join(names)]
    elif file_format is Format.XLSX:
        (row,) = openpyxl.load_workbook(io.BytesIO(content)).active.values
        assert list(row) == names
    elif file_format is Format.PARQUET:
        assert pl.read_parquet(io.BytesIO(content)).schema["count"] == pl.Int64
        assert pl.read_parquet(io.BytesIO(content)).columns == names
    elif file_format is Format.SAV:
        (tmp_path / "none.sav").write_bytes(content)
        assert pyreadstat.read_sav(tmp_path / "none.sav")[1].column_labels == names


def test_figures_too_large_for_an_integer_are_numbers(api, form_id):
    answers = [{"amount": 1e300, "department": "it"}, {"amount": 7, "department": "hr"}]
    get_store().insert_responses([FormResponseFactory(form_id=form_id, data=d) for d in answers])
    query = {"aggregate": "max", "value": "amount", "group_by": "department"}
    url = f"/api/v2/analytics/forms/{form_id}/export/?as="
    lines = b"".join(api.post(f"{url}jsonl", query).streaming_content).splitlines()
    assert [json.loads(line)["value"] for line in lines] == [1e300, 7.0]
    content = b"".join(api.post(f"{url}parquet", query).streaming_content)
    assert pl.read_parquet(io.BytesIO(content))["value"].to_list() == [1e300, 7.0]


def test_a_group_called_like_a_figure_keeps_its_column(api, answered):
    groups = [{"field": "department", "as": "value"}, "status"]
    query = {"aggregate": "count", "group_by": groups, "limit": 1}
    url = f"/api/v2/analytics/forms/{answered}/export/?as=jsonl"
    line = b"".join(api.post(url, query).streaming_content)
    assert json.loads(line) == {"_id.value": None, "status": None, "value": 1 + len(FORMULAS)}


def test_a_number_among_texts_stays_one(api, answered):
    group = {"field": "age", "missing": "none"}
    query = {"measures": ["count"], "group_by": [group], "sort": {"field": "age"}}
    url = f"/api/v2/analytics/forms/{answered}/export/?as=csv"
    lines = b"".join(api.post(url, query).streaming_content).decode().split()
    assert sorted(lines) == ["-3,1", f"1,{len(FORMULAS)}", "age,count", "none,1"]


def test_excel_is_told_that_a_csv_is_utf_8_where_it_is_asked_to(api, answered):
    plain = export(api, answered, "csv")
    assert plain.startswith(b"_id,")
    assert export(api, answered, "csv", bom="true") == b"\xef\xbb\xbf" + plain


def test_a_matrix_is_labelled_in_spss(api, answered, tmp_path):
    (tmp_path / "care.sav").write_bytes(export(api, answered, "sav", fields="care"))
    _, meta = pyreadstat.read_sav(tmp_path / "care.sav")
    labels = {"good": "Good", "bad": "Bad"}
    assert meta.variable_value_labels == {"care_food": labels, "care_staff": labels}


def test_a_saved_query_is_exported_by_its_number(api, answered):
    body = {"form_id": answered, "name": "n", "query": {"aggregate": "count"}}
    saved = api.post("/api/v2/analytics/saved-queries/", body).json()
    assert export(api, answered, "csv", saved_query=saved["id"]) == b"_id,value\r\n,15\r\n"
    url = f"/api/v2/analytics/forms/{answered}/export/"
    assert api.get(url, {"saved_query": saved["id"] + 1}).status_code == 404
    posted = api.post(f"{url}?saved_query={saved['id']}&as=jsonl")
    assert b"".join(posted.streaming_content) == b'{"_id":null,"value":15}\n'


def test_whatever_a_reader_accepts_the_file_is_what_was_asked_for(api, answered):
    url = f"/api/v2/analytics/forms/{answered}/export/"
    answer = api.get(url, headers={"Accept": "text/csv"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert b"".join(answer.streaming_content).startswith(b"_id,")
    refused = api.get(url, {"as": "exe"}, headers={"Accept": "text/csv"})
    assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")


def test_an_answer_that_was_cut_off_says_so(api, answered):
    url = f"/api/v2/analytics/forms/{answered}/export/"
    query = {"aggregate": "count", "group_by": "note"}
    whole = api.post(url, query)
    text = b"".join(whole.streaming_content).decode()
    assert len(list(csv.reader(io.StringIO(text, newline="")))) == 2 + len(FORMULAS)
    assert "X-Truncated" not in whole
    cut = api.post(url, query | {"limit": 1})
    assert cut["X-Truncated"] == "true"
    assert len(b"".join(cut.streaming_content).splitlines()) == 2


def test_a_form_one_may_not_see_is_not_exported(answered):
    eve = client_of(User.objects.create_user("eve"))
    url = f"/api/v2/analytics/forms/{answered}/export/"
    assert eve.get(url).status_code == 404
    assert eve.post(url, {"aggregate": "count"}).status_code == 404


def test_a_connection_that_breaks_leaves_no_file(answered, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(files, "CHUNK", 100)
    table = responses_table(answered, Selection(), personal_allowed=False)
    chunks = WRITERS[Format.SAV].write(table)
    assert not list(tmp_path.iterdir()), "nothing is made before somebody reads"
    next(chunks)
    assert list(tmp_path.iterdir())
    chunks.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("module", "kind"), [(spreadsheets, "xlsx"), (spss, "sav")])
def test_more_than_a_format_takes_is_refused_before_the_first_byte(
    api, answered, monkeypatch, module, kind
):
    monkeypatch.setattr(module, "MOST_CELLS", 80)
    refused = api.get(f"/api/v2/analytics/forms/{answered}/export/", {"as": kind})
    assert refused.status_code == 413
    assert "choose fewer fields" in refused.json()["detail"]
    assert export(api, answered, kind, fields="age")


def test_exports_leave_threads_for_everything_else(ada, api, answered):
    url = f"/api/v2/analytics/forms/{answered}/export/"
    people = [ada, *(User.objects.create_user(name) for name in ("eve", "max"))]
    for person in people[1:]:
        share_form(get_store().find_form(answered), user_id=person.pk, role=Role.VIEWER)
    clients = [client_of(person) for person in people]
    held = [client.get(url, {"as": "parquet"}) for client in clients[:2] for _ in range(2)]
    assert {answer.status_code for answer in held} == {200}
    own, full = clients[0].get(url), clients[2].get(url)
    assert (own.status_code, own["Retry-After"]) == (429, "10")
    assert (full.status_code, full["Retry-After"]) == (503, "10")
    assert len(b"".join(held[0].streaming_content)) > 0
    again = [clients[0].get(url), *held[1:]]
    assert again[0].status_code == 200
    for answer in again:
        assert len(b"".join(answer.streaming_content)) > 0
