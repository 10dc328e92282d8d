"""One query, one answer: the columns, the document database and a naive reading agree."""

import math

import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings

from analytics.columns.schema import build_frame
from analytics.fields.form_fields import fields_of_definition
from analytics.query_builder import QueryDSL
from formplatform.forms.schema.definition import parse_definition
from formplatform.forms.storage.mongo import connection
from formplatform.forms.storage.mongo.store import MongoFormStore
from tests.factories.forms import FormResponseFactory
from tests.test_analytics import study
from tests.test_analytics.answering import over_columns, over_documents
from tests.test_analytics.oracle import oracle
from tests.test_analytics.questions.random_queries import queries

RESPONSES = 120
FIELDS = fields_of_definition(parse_definition(study.DEFINITION))
random_queries = hypothesis_settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def close(left, right):
    """Sums of floats may differ in their last digit with the order of adding."""
    if isinstance(left, int | float) and isinstance(right, int | float):
        return math.isclose(left, right, rel_tol=1e-12)
    return left == right


def agree(rows, others):
    groups = [row["_id"] for row in rows] == [row["_id"] for row in others]
    pairs = zip(rows, others, strict=False)
    return groups and all(close(one["value"], two["value"]) for one, two in pairs)


class Responses(list):
    def __repr__(self):
        return f"<{len(self)} responses>"


@pytest.fixture
def responses(form_id):
    found = Responses(study.responses(form_id, RESPONSES))
    found += study.responses(form_id, 8, seed=2, version=2, source="import")
    return found


@pytest.fixture
def frame(form_id, form_store, responses):
    form_store.insert_responses(responses)
    return build_frame(form_id, FIELDS)


@pytest.fixture
def mongo_store(engine_url, settings, responses):
    settings.MONGO_URL = engine_url
    connection.open_connection(engine_url)
    store = MongoFormStore()
    store.insert_responses(responses)
    return store


@random_queries
@given(query=queries())
def test_columns_answer_as_a_naive_reading_does(frame, responses, query):
    rows = over_columns(QueryDSL(FIELDS).parse(query), frame)
    expected = oracle.answer(query, responses)
    assert agree(rows, expected), f"{rows}\n{expected}"


@pytest.mark.engine
@random_queries
@given(query=queries())
def test_the_document_database_answers_as_the_columns_do(frame, form_id, mongo_store, query):
    parsed = QueryDSL(FIELDS).parse(query)
    rows = over_documents(parsed, mongo_store, form_id)
    expected = over_columns(parsed, frame)
    assert agree(rows, expected), f"{rows}\n{expected}"


DAMAGED = {
    "born": ["2000-02-29", "2000-02-30", "soon", ""],
    "seen": ["2026-03-29T01:00:00.000Z", "2026-03-29T25:00:00.000Z", "soon", ""],
}
BY_MONTH = [
    {"aggregate": "count", "group_by": {"field": field, "granularity": "month"}}
    for field in DAMAGED
]


@pytest.fixture
def damaged(form_id):
    pairs = [(field, text) for field, texts in DAMAGED.items() for text in texts]
    return [FormResponseFactory(form_id=form_id, data={field: text}) for field, text in pairs]


def buckets(rows):
    return {row["_id"]: row["value"] for row in rows}


def test_a_date_that_is_none_is_in_no_bucket(damaged, form_id, form_store):
    form_store.insert_responses(damaged)
    frame = build_frame(form_id, FIELDS)
    born, seen = (over_columns(QueryDSL(FIELDS).parse(query), frame) for query in BY_MONTH)
    assert buckets(born) == {None: 7, "2000-02": 1}
    assert buckets(seen) == {None: 7, "2026-03": 1}


@pytest.mark.engine
def test_nor_in_the_document_database(damaged, form_id, engine_url, settings):
    settings.MONGO_URL = engine_url
    connection.open_connection(engine_url)
    store = MongoFormStore()
    store.insert_responses(damaged)
    parsed = (QueryDSL(FIELDS).parse(query) for query in BY_MONTH)
    born, seen = (over_documents(query, store, form_id) for query in parsed)
    assert buckets(born) == {None: 7, "2000-02": 1}
    assert buckets(seen) == {None: 7, "2026-03": 1}
