"""`manage.py query`: the same answers, at the shell."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.factories.forms import FormFactory, FormVersionFactory
from tests.test_analytics import study

QUERY = {"measures": ["count"], "group_by": ["department"], "engine": "columnar"}


@pytest.fixture
def form_id(form_store):
    form = form_store.insert_form(FormFactory())
    version = FormVersionFactory(form_id=form.id, number=1, definition=study.DEFINITION)
    form_store.insert_version(version)
    form_store.insert_responses(study.responses(form.id, 20))
    return form.id


def ask(*arguments):
    out = io.StringIO()
    call_command("query", *arguments, stdout=out)
    return out.getvalue()


def test_rows_are_shown_as_a_table_or_as_json(form_id):
    body = json.loads(ask(form_id, json.dumps(QUERY), "--format", "json"))
    lines = ask(form_id, json.dumps(QUERY)).splitlines()
    assert body["meta"]["base_n"] == 20
    assert lines[0].split() == ["department", "count"]
    assert [line.split() for line in lines[1:-1]] == [
        [str(cell) for cell in (row["department"], row["count"]) if cell is not None]
        for row in body["data"]
    ]
    assert lines[-1].startswith(f"{len(body['data'])} rows, columnar, ")


def test_a_query_is_read_from_standard_input_and_explained(form_id, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(QUERY)))
    assert json.loads(ask(form_id, "--explain"))["engine"] == "columnar"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{", "The query can't be read: This is not JSON"),
        ("[" * 100_000, "The query can't be read"),
        ('{"aggregate": "count", "aggregate": "sum"}', "a key stands twice"),
        (
            '{"aggregate": "cuont"}',
            'aggregate: There is no aggregate "cuont". Did you mean "count"',
        ),
    ],
)
def test_what_is_wrong_is_one_line(form_id, query, message):
    with pytest.raises(CommandError, match=message):
        ask(form_id, query)
    with pytest.raises(CommandError, match="There is no form"):
        ask("f" * 24, "{}")
