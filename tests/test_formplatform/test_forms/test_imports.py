"""Imports and exports: what goes out comes in again, and a broken row costs only itself."""

import io
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from formplatform.core.errors import ConflictError, InvalidInputError, TooLargeError
from formplatform.forms import catalog, imports
from formplatform.forms.domain import FormState
from formplatform.forms.exports import Format
from formplatform.forms.hooks import before_submit
from formplatform.forms.imports import import_stream
from formplatform.forms.storage.base import ResponseQuery
from formplatform.forms.storage.registry import get_store
from tests.factories.forms import definition

ROOT = Path(__file__).parents[3]


def take_in(form, content, actor, file_format=Format.NDJSON, **options):
    stream = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    options.setdefault("largest", 1_000_000)
    return import_stream(form, stream, file_format=file_format, actor=actor, **options)


def counts(report):
    return (report.stored, report.repeated, report.refused)


def refusals(report):
    return {each.row: [(e.field, e.code) for e in each.errors] for each in report.refusals}


def stored(form):
    page = get_store().page_responses(ResponseQuery(form_id=form.id, limit=100))
    return sorted(page, key=lambda each: each.id)


BROKEN = b"""\
{"answers": {"name": "Ada", "age": 1}}
not json
[1, 2]

{"answers": {"age": "old", "vote": "maybe", "nmae": "x"}}
{"name": "Grace", "submitted_at": "2020-01-01T12:00:00+01:00"}
{"answers": {"name": "\\ud800"}}
{"answers": {"name": "a\\u0000b", "age": 1e400}}
{"answers": {"name": "Mary"}, "submitted_at": "2020-01-01"}
{"answers": {"name": "Mary"}, "submitted_at": "2999-01-01T00:00:00Z"}
{"answers": {"$where": "1"}}
{"answers": {"age": 100000000000000000000000}}
"""


def test_a_broken_row_is_refused_by_number_and_field_and_the_others_are_stored(survey, ada):
    report = take_in(survey, BROKEN, ada)

    assert counts(report) == (2, 0, 9)
    assert refusals(report) == {
        2: [("row", "malformed")],
        3: [("row", "malformed")],
        5: [("nmae", "unknown_field"), ("age", "wrong_type"), ("vote", "not_an_option")],
        7: [("row", "malformed")],
        8: [("row", "malformed")],
        9: [("submitted_at", "invalid_datetime")],
        10: [("submitted_at", "invalid_datetime")],
        11: [("$where", "unknown_field")],
        12: [("age", "wrong_type")],
    }
    assert [each.data["name"] for each in stored(survey)] == ["Ada", "Grace"]
    assert stored(survey)[1].submitted_at == datetime(2020, 1, 1, 11, tzinfo=UTC)


BROKEN_CSV = b"""\
Your name;age;_submitted_at;vote\r
Ada;1;2020-01-01T00:00:00Z;Yes\r
Grace;old;;maybe\r
too;few\r
\xff\xfe;2;;\r
;;;\r
"Mary; 'M'";3;yesterday;\r
John;4;;No\r
"""


def test_csv_columns_are_found_by_name_id_or_label_and_any_usual_delimiter(survey, ada):
    report = take_in(survey, BROKEN_CSV, ada, Format.CSV)

    assert counts(report) == (2, 0, 4)
    assert refusals(report) == {
        2: [("age", "wrong_type"), ("vote", "not_an_option")],
        3: [("row", "wrong_width")],
        4: [("name", "invalid_text")],
        6: [("submitted_at", "invalid_datetime")],
    }
    assert report.refusals[2].raw["Your name"] == "\\xff\\xfe"
    assert report.refusals[0].raw == {
        "Your name": "Grace",
        "age": "old",
        "_submitted_at": "",
        "vote": "maybe",
    }
    assert [each.data for each in stored(survey)] == [
        {"name": "Ada", "age": 1, "vote": "yes", "double": 2},
        {"name": "John", "age": 4, "vote": "no", "double": 8},
    ]


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"name,agee\nAda,1\n", [("agee", "unknown_field")]),
        (b"name,Your name\nAda,Ada\n", [("Your name", "duplicate")]),
        (b"", [("header", "required")]),
        (b"name,\xff\n", [("\\xff", "unknown_field")]),
    ],
)
def test_a_wrong_header_is_refused_before_anything_is_stored(survey, ada, content, wrong):
    with pytest.raises(InvalidInputError) as refused:
        take_in(survey, content, ada, Format.CSV)
    assert [(e.field, e.code) for e in refused.value.errors] == wrong
    assert stored(survey) == []


def test_a_body_that_is_too_large_is_refused_and_nothing_is_stored(survey, ada):
    with pytest.raises(TooLargeError):
        take_in(survey, BROKEN, ada, largest=len(BROKEN) - 1)
    assert stored(survey) == []


def test_a_line_that_is_too_long_costs_only_itself(survey, ada):
    content = b'{"name": "' + b"x" * 3_000_000 + b'"}\n{"name": "Ada"}\n'
    report = take_in(survey, content, ada, largest=10_000_000)
    assert counts(report) == (1, 0, 1)
    assert [(r.row, r.errors[0].code) for r in report.refusals] == [(1, "malformed")]


def test_a_form_that_was_never_published_takes_nothing_in_and_a_closed_one_does(survey, ada):
    draft = catalog.create_form(actor=ada, title="Draft", definition=definition())
    with pytest.raises(ConflictError):
        take_in(draft, b'{"name": "Ada"}\n', ada)
    closed = catalog.update_form(survey, state=FormState.CLOSED)
    assert counts(take_in(closed, b'{"name": "Ada"}\n', ada)) == (1, 0, 0)


def test_imported_responses_take_the_way_of_all_others(survey, ada, heard, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 10)
    take_in(survey, b"".join(b'{"age": %d}\n' % age for age in range(25)), ada)
    assert sorted(e.response_id for e in heard) == [each.id for each in stored(survey)]
    assert {each.dispatched_revision for each in stored(survey)} == {1}


def test_a_hook_may_refuse_a_row(survey, ada):
    def refuse(submission):
        if submission.answers.get("name") == "Grace":
            raise InvalidInputError("No soup for Grace.")
        return submission

    with before_submit.filled("tests.refuse", refuse):
        report = take_in(survey, b'{"name": "Grace"}\n{"name": "Ada"}\n', ada)
    assert counts(report) == (1, 0, 1)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rows.ndjson"
    lines = [
        json.dumps({"answers": {"age": "old" if age % 10 == 7 else age}}) for age in range(100)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def run_import(path, form, **options):
    out = io.StringIO()
    try:
        call_command("import_responses", path, form=form.id, stdout=out, **options)
    except CommandError as error:
        return out.getvalue().strip(), str(error)
    return out.getvalue().strip(), None


def refused_rows(path):
    refused = path.with_name("rows.ndjson.refused.ndjson")
    return [json.loads(line)["row"] for line in refused.read_text().splitlines()]


def test_the_command_keeps_what_was_refused_beside_the_file(survey, file):
    summary, error = run_import(file, survey)
    assert summary == "90 stored, 0 there before, 10 refused"
    assert str(file.with_name("rows.ndjson.refused.ndjson")) in error
    assert refused_rows(file) == list(range(8, 101, 10))
    first = json.loads(file.with_name("rows.ndjson.refused.ndjson").read_text().splitlines()[0])
    assert first == {
        "row": 8,
        "raw": {"answers": {"age": "old"}},
        "errors": [{"field": "age", "code": "wrong_type", "message": "Expected a whole number."}],
    }
    assert not file.with_name("rows.ndjson.import.json").exists()
    assert run_import(file, survey)[0] == "0 stored, 90 there before, 10 refused"


def test_a_store_that_fails_ends_the_import_and_resume_goes_on(survey, file, monkeypatch):
    from formplatform.core.errors import UnavailableError

    monkeypatch.setattr(imports, "BATCH", 30)
    insert = type(get_store()).insert_responses
    calls = []

    def fail(store, batch):
        calls.append(len(batch))
        if len(calls) == 3:
            raise UnavailableError("The database does not answer; try again.")
        return insert(store, batch)

    monkeypatch.setattr(type(get_store()), "insert_responses", fail)
    assert run_import(file, survey) == ("", "The database does not answer; try again.")
    assert len(stored(survey)) == 54
    assert refused_rows(file) == [8, 18, 28, 38, 48, 58]

    summary, _ = run_import(file, survey, resume=True)
    assert summary == "90 stored, 0 there before, 10 refused"
    assert refused_rows(file) == list(range(8, 101, 10))


def test_resuming_another_file_is_refused(survey, file, monkeypatch):
    file.with_name("rows.ndjson.import.json").write_text(
        json.dumps({"form_id": survey.id, "import_id": "another"})
    )
    _, error = run_import(file, survey, resume=True)
    assert "has changed" in error
    assert stored(survey) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [({"form": "0" * 24}, "no such form"), ({"path": "nowhere.csv"}, "No such file")],
)
def test_the_command_says_what_is_missing(survey, file, options, message):
    path = Path(options.get("path", file))
    with pytest.raises(CommandError, match=message):
        call_command("import_responses", path, form=options.get("form", survey.id))


STEPS = ["insert", "announce", "refuse", "checkpoint"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", STEPS)
def test_an_import_that_was_killed_goes_on_and_stores_every_row_once(survey, file, step):
    killed = child(survey, file, step)
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    ended = child(survey, file, "")
    assert "10 refused" in ended.stdout, ended.stderr
    ages = sorted(each.data["age"] for each in stored(survey))
    assert ages == [age for age in range(100) if age % 10 != 7]
    assert refused_rows(file) == list(range(8, 101, 10))
    assert not file.with_name("rows.ndjson.import.json").exists()


def child(form, file, step):
    place = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{place['NAME']}"
    else:
        login = f"{place['USER']}:{place['PASSWORD']}@{place['HOST']}:{place['PORT'] or 5432}"
        url = f"postgres://{login}/{place['NAME']}"
    return subprocess.run(
        [sys.executable, "-m", "tests.fakes.dying_import", form.id, str(file), step],
        check=False,
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=180,
    )
