"""The long form: every engine that takes a query answers as a naive reading with pandas does."""

import pytest
from hypothesis import HealthCheck, assume, given, settings as hypothesis_settings

from analytics.answering import engines
from analytics.answering.answers import Answering
from analytics.answering.engines import Subject
from analytics.fields.form_fields import fields_of_definition, fields_of_form
from analytics.query import pipeline
from analytics.query.errors import QueryError
from analytics.query.fields import Fields
from analytics.query_builder import QueryDSL
from formplatform.core import clock
from formplatform.forms.schema.definition import parse_definition
from formplatform.forms.storage.mongo import connection
from formplatform.forms.storage.mongo.store import MongoFormStore
from tests.factories.forms import FormResponseFactory
from tests.test_analytics import pandas_oracle, study
from tests.test_analytics.agreement import alike
from tests.test_analytics.loose_order import arranged, sorts_loosely
from tests.test_analytics.random_long_queries import long_queries

RESPONSES = 110
FIELDS = Fields(fields_of_definition(parse_definition(study.DEFINITION)), newest_version=2)
"""As `fields_of_form` says, which asks the form store of the run."""
random_queries = hypothesis_settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Responses(list):
    def __repr__(self):
        return f"<{len(self)} responses>"


@pytest.fixture
def responses(form_id, form_store):
    form_store.insert_version(study.version(form_id, number=2))
    found = Responses(study.responses(form_id, RESPONSES))
    found += study.responses(form_id, 9, seed=2, version=2, source="import")
    found += [
        FormResponseFactory(form_id=form_id, data={"effort": each}, submitted_at=study.START)
        for each in (0, 8, 9)
    ]
    form_store.insert_responses(found)
    return found


@pytest.fixture
def documents(engine_url, settings, responses, monkeypatch):
    """The same responses in the document database, which the engine of that name asks."""
    settings.MONGO_URL = engine_url
    connection.open_connection(engine_url)
    store = MongoFormStore()
    store.insert_responses(responses)
    monkeypatch.setattr(engines, "get_store", lambda: store)
    return store


def check(query, answer, expected):
    assert answer.total_rows == expected["total_rows"]
    assert answer.base_n == expected["base"]
    rows = answer.rows, expected["rows"]
    if sorts_loosely(query):
        rows = [arranged(each, query) for each in rows]
    assert alike(*rows), f"{rows[0]}\n{rows[1]}"
    if expected["totals"] is not None:
        assert alike(answer.totals, expected["totals"]), f"{answer.totals}\n{expected['totals']}"


def ask(form_id, query, engine):
    fields = fields_of_form(form_id)
    parsed = QueryDSL(fields).parse(query | {"engine": engine})
    return Answering(parsed, Subject(form_id, fields)).answer()


@random_queries
@given(query=long_queries())
def test_columns_answer_as_pandas_does(form_id, responses, query):
    expected = pandas_oracle.answer(query, responses, now=clock.now())
    check(query, ask(form_id, query, "columnar"), expected)


@pytest.mark.engine
@random_queries
@given(query=long_queries(plain=True))
def test_the_document_database_answers_as_pandas_does(documents, form_id, responses, query):
    subject = Subject(form_id, FIELDS)
    try:
        parsed = QueryDSL(subject.fields).parse(query | {"engine": "mongodb"})
        answering = Answering(parsed, subject)
    except QueryError as error:  # it could not be asked for the ends of bins, or top values
        assume(error.errors[0].field != "engine")
        raise
    assume(pipeline.refusal(answering.plan()) is None)
    check(query, answering.answer(), pandas_oracle.answer(query, responses, now=clock.now()))
