"""Whether responses wait is asked of every answer from live numbers: it must not read the form."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from formplatform.core import clock
from formplatform.forms.storage.sql.store import SqlFormStore
from tests.factories.forms import FormResponseFactory


@pytest.fixture
def store(db):
    return SqlFormStore()


def test_whether_a_form_waits_is_found_among_those_that_wait(store):
    response = FormResponseFactory()
    store.insert_response(response)
    soon = clock.now() + timedelta(minutes=1)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert store.is_waiting(response.form_id, before=soon)
    assert not store.is_waiting(FormResponseFactory().form_id, before=soon)
    sql = asked.captured_queries[0]["sql"]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # of so few rows it reads the table itself
            cursor.execute("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
        cursor.execute(explain + sql)
        plan = " ".join(str(line) for line in cursor.fetchall())
    assert "response_undispatched" in plan, plan
    store.mark_dispatched({response.id: response.revision}, at=clock.now())
    assert not store.is_waiting(response.form_id, before=soon)
