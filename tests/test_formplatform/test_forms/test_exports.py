"""Exports: everything goes out, nothing runs as a formula, and it all comes in again."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command

from formplatform.forms import catalog, publishing
from formplatform.forms.csv_cells import escape, unescape
from formplatform.forms.domain import Source
from formplatform.forms.exports import Format, export_responses
from formplatform.forms.imports import import_stream
from formplatform.forms.responses import delete_response
from formplatform.forms.storage.base import ResponseQuery
from formplatform.forms.storage.registry import get_store
from formplatform.forms.submissions import submit_response
from tests.test_formplatform.test_forms.conftest import EVERYTHING

ANSWERS = [
    {
        "name": '=HYPERLINK("http://evil")',
        "story": "two\nlines; \"quoted\", 'and' ünïcödé 👋",
        "age": -3,
        "height": 1e22,
        "member": False,
        "born": "2000-02-29",
        "seen": "2026-03-29T01:30:00.123Z",
        "at": "18:30:00",
        "vote": "yes",
        "dishes": ["soup", "stew"],
        "order": ["c", "a", "b"],
        "grid": {"food": "good", "room": "bad"},
        "stars": 5,
        "paper": {"id": "f1", "name": "a.pdf", "size": 3, "content_type": "application/pdf"},
    },
    {"name": "'=1+1", "story": "@cmd", "age": 0},
    {"name": "-", "vote": "no"},
]


def exported(form, file_format, **options):
    return b"".join(export_responses(form.id, file_format=file_format, **options))


def stored(form):
    page = get_store().page_responses(ResponseQuery(form_id=form.id, limit=100))
    return sorted(page, key=lambda each: each.id)


def take_in(form, content, actor, file_format, **options):
    stream = io.BytesIO(content)
    report = import_stream(
        form, stream, file_format=file_format, actor=actor, largest=1_000_000, **options
    )
    return (report.stored, report.repeated, report.refused)


@pytest.mark.parametrize("file_format", Format)
def test_what_was_exported_can_be_imported_into_the_same_answers(survey, ada, file_format):
    for answers in ANSWERS:
        submit_response(survey, answers, actor=ada)
    before = stored(survey)
    content = exported(survey, file_format)

    report = take_in(survey, content, ada, file_format)

    assert report == (3, 0, 0)
    fresh = [each for each in stored(survey) if each.source is Source.IMPORT]
    assert [each.data for each in fresh] == [each.data for each in before]
    assert [each.submitted_at for each in fresh] == [each.submitted_at for each in before]


@pytest.mark.parametrize("file_format", Format)
def test_the_same_body_again_stores_nothing(survey, ada, file_format):
    submit_response(survey, ANSWERS[0], actor=ada)
    content = exported(survey, file_format)
    assert take_in(survey, content, ada, file_format) == (1, 0, 0)
    assert take_in(survey, content, ada, file_format) == (0, 1, 0)
    assert take_in(survey, content, ada, file_format, import_id_of="other:{}".format) == (1, 0, 0)


def test_no_cell_runs_as_a_formula_in_a_spreadsheet(survey, ada):
    for answers in ANSWERS:
        submit_response(survey, answers, actor=ada)
    rows = list(csv.DictReader(io.StringIO(exported(survey, Format.CSV).decode(), newline="")))
    assert [row["name"] for row in rows] == ['\'=HYPERLINK("http://evil")', "''=1+1", "'-"]
    assert rows[0]["age"] == "-3", "a number stays one"
    assert rows[0]["double"] == "-6"


@pytest.mark.parametrize("text", ["=1", "'=1", "''=1", "'a", "a", "", "-", "\t=", "@x", "+49 30"])
def test_a_cell_comes_back_as_it_was(text):
    assert unescape(escape(text)) == text
    assert not escape(text).startswith(tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))


def test_personal_fields_can_be_left_out(survey, ada):
    submit_response(survey, ANSWERS[0], actor=ada)
    assert b"HYPERLINK" not in exported(survey, Format.CSV, include_pii=False)
    (line,) = exported(survey, Format.NDJSON, include_pii=False).splitlines()
    assert "name" not in json.loads(line)["answers"]


def test_a_column_of_an_older_version_stays_in_the_export(survey, ada):
    submit_response(survey, ANSWERS[0], actor=ada)
    fewer = {"fields": [f for f in EVERYTHING["fields"] if f["id"] != "born"]}
    draft = catalog.update_form(survey, definition=fewer)
    publishing.publish_form(draft, actor=ada)
    submit_response(get_store().find_form(survey.id), {"name": "Grace"}, actor=ada)
    rows = list(csv.DictReader(io.StringIO(exported(survey, Format.CSV).decode(), newline="")))
    assert [(row["_version"], row["born"]) for row in rows] == [("1", "2000-02-29"), ("2", "")]


def test_a_deleted_response_is_not_exported(survey, ada):
    kept, _ = submit_response(survey, {"name": "Ada"}, actor=ada)
    gone, _ = submit_response(survey, {"name": "Grace"}, actor=ada)
    delete_response(gone, actor=ada)
    (line,) = exported(survey, Format.NDJSON).splitlines()
    assert json.loads(line)["id"] == kept.id


def test_the_export_command_writes_a_file(survey, ada, tmp_path, capsysbinary):
    submit_response(survey, {"name": "Ada"}, actor=ada)
    call_command("export_responses", form=survey.id, output=tmp_path / "out.ndjson")
    assert (tmp_path / "out.ndjson").read_bytes() == exported(survey, Format.NDJSON)
    with pytest.raises(CommandError, match="no such form"):
        call_command("export_responses", form="0" * 24)
