"""Whatever is changed in a query: schema and parser agree, HTTP answers or names the place."""

import json

import jsonschema
import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from analytics.query.errors import QueryError
from analytics.query.language.parser import parse
from analytics.query.language.schema import query_schema
from analytics.query_builder import QueryDSL
from formplatform.core.api_keys import create_key
from formplatform.forms.ids import new_id
from tests.factories.forms import FormFactory, FormVersionFactory
from tests.test_analytics import study
from tests.test_analytics.questions.mutated_queries import ORIGINALS, mutated_queries

DSL = QueryDSL(study.version(new_id()), personal_allowed=True)
BEYOND_A_SCHEMA = {"repeated", "too_deep", "too_many"}
BEYOND_IN_WORDS = ("The edges have to rise.", "Integers reach from", "A printable text")
"""What the schema's own page says it cannot say."""


def refusal_of(read, query):
    try:
        read(query)
    except QueryError as refused:
        return refused.errors[0]
    return None


def test_the_schema_and_the_parser_judge_alike():
    schema = jsonschema.Draft202012Validator(query_schema())
    disagreed, verdicts = [], []
    for query in mutated_queries(2500, seed=1):
        allowed, refused = schema.is_valid(query), refusal_of(parse, query)
        verdicts.append(allowed)
        if allowed and refused is not None:
            said = refused.message.startswith(BEYOND_IN_WORDS)
            disagreed += [] if said or refused.code in BEYOND_A_SCHEMA else [(query, refused)]
        elif not allowed and refused is None and refusal_of(DSL.parse, query) is None:
            disagreed.append((query, "refused by the schema alone"))
    assert disagreed == []
    assert 400 < sum(verdicts) < 2100  # both kinds are there


@pytest.mark.parametrize("number", range(len(ORIGINALS)))
def test_both_accept_what_the_mutations_begin_with(number):
    jsonschema.Draft202012Validator.check_schema(query_schema())
    jsonschema.Draft202012Validator(query_schema()).validate(ORIGINALS[number])
    assert refusal_of(DSL.parse, ORIGINALS[number]) is None


def test_every_one_is_answered_or_refused_with_its_place(form_store):
    ada = User.objects.create_user("ada")
    form = form_store.insert_form(FormFactory(owner_id=ada.pk))
    form_store.insert_version(FormVersionFactory(form_id=form.id, definition=study.DEFINITION))
    form_store.insert_responses(study.responses(form.id, 40))
    _, token = create_key(ada, name="tests", scopes=["analytics:read", "responses:read"])
    api = APIClient(raise_request_exception=False)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    url, wrong, statuses = f"/api/v2/analytics/forms/{form.id}/query/", [], []
    for query in mutated_queries(500, seed=2):
        text = json.dumps(query)
        answer = api.post(url, text, content_type="application/json")
        statuses.append(answer.status_code)
        if answer.status_code == 400:
            body = answer.json()
            told = [each["field"] and each["message"] for each in body.get("errors", [])]
            if not told and body["code"] != "parse_error":
                wrong.append((text, body))
        elif answer.status_code != 200:
            wrong.append((text, answer.status_code))
    assert wrong == []
    assert statuses.count(200) > 30
