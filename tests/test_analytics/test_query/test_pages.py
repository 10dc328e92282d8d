"""The pages of any query, each behind the cursor of the one before, are its rows."""

import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings

from analytics.answers import Answering
from analytics.engines import Subject
from analytics.form_fields import fields_of_form
from analytics.query_builder import QueryDSL
from tests.test_analytics import study
from tests.test_analytics.agreement import alike
from tests.test_analytics.random_long_queries import long_queries

PAGES = 4


@pytest.fixture
def form(form_id, form_store):
    form_store.insert_responses(study.responses(form_id, 60))
    return form_id


def ask(form_id, query):
    fields = fields_of_form(form_id)
    parsed = QueryDSL(fields).parse(query | {"engine": "columnar"})
    return Answering(parsed, Subject(form_id, fields)).answer()


@hypothesis_settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(query=long_queries())
def test_the_pages_of_a_query_are_all_its_rows_in_their_order(form, query):
    query = {key: value for key, value in query.items() if key not in ("limit", "offset")}
    whole = ask(form, query | {"limit": 10_000})
    limit = max(1, -(-len(whole.rows) // PAGES))
    page = ask(form, query | {"limit": limit})
    rows = list(page.rows)
    while page.next is not None:
        page = ask(form, query | {"limit": limit, "after": page.next})
        rows += page.rows
        assert len(page.rows) <= limit
        assert page.total_rows == len(whole.rows)
    assert alike(rows, whole.rows)
