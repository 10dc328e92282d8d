"""The command that makes indexes good."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection


def run(*arguments):
    output = StringIO()
    call_command("ensure_indexes", *arguments, stdout=output)
    return output.getvalue()


def test_the_command_prints_every_index_by_name(form_store):
    names = run().split()
    assert names == form_store.ensure_indexes()
    assert "response_undispatched" in names


def test_the_command_speaks_json(form_store):
    answer = json.loads(run("--format", "json"))
    assert answer == {"store": form_store.name, "indexes": form_store.ensure_indexes()}


def test_a_lost_index_is_made_again(form_store, settings):
    if settings.FORM_STORE == "mongo":
        pytest.skip("the contract suite drops one on MongoDB")
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX response_undispatched")
        run()
        found = connection.introspection.get_constraints(cursor, "forms_response")
    assert found["response_undispatched"]["columns"] == ["updated_at", "id"]
