"""A query in the address: answered like a posted one, and not again while its figures hold."""

import json

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from formplatform.core.api_keys import create_key
from tests.factories.forms import FormFactory, FormResponseFactory, FormVersionFactory
from tests.test_analytics import study

QUERY = {"aggregate": "count", "group_by": "department"}


@pytest.fixture
def form(form_store):
    ada = User.objects.create_user("ada")
    form = form_store.insert_form(FormFactory(owner_id=ada.pk))
    form_store.insert_version(FormVersionFactory(form_id=form.id, definition=study.DEFINITION))
    form_store.insert_responses([FormResponseFactory(form_id=form.id, data={"department": "it"})])
    return form


@pytest.fixture
def ask(form):
    def ask(query, *, tag=None, scopes=("analytics:read",)):
        _, token = create_key(User.objects.get(), name="tests", scopes=scopes)
        api = APIClient()
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        text = query if isinstance(query, str) else json.dumps(query)
        given = {} if tag is None else {"HTTP_IF_NONE_MATCH": tag}
        return api.get(f"/api/v2/analytics/forms/{form.id}/query/", {"q": text}, **given)

    return ask


def test_it_is_answered_like_a_posted_one_and_has_a_tag(ask):
    answer = ask(QUERY)
    assert answer.status_code == 200
    assert answer.json()["data"] == [{"_id": "it", "value": 1}]
    assert answer["ETag"].startswith('W/"')
    assert answer["Cache-Control"] == "private, no-cache"


def test_while_the_figures_hold_nothing_is_sent_again(ask, form, form_store):
    tag = ask(QUERY)["ETag"]
    known = ask(QUERY, tag=f'W/"other", {tag}')
    assert (known.status_code, known.content, known["ETag"]) == (304, b"", tag)
    form_store.insert_responses([FormResponseFactory(form_id=form.id, data={"department": "hr"})])
    answer = ask(QUERY, tag=tag)
    assert answer.status_code == 200
    assert len(answer.json()["data"]) == 2
    assert answer["ETag"] != tag


def test_a_tag_is_of_the_query_its_moment_and_what_may_be_seen(ask):
    tags = {
        ask(query, scopes=scopes)["ETag"]
        for query in (QUERY, QUERY | {"limit": 5}, QUERY | {"date_range": "today"})
        for scopes in (["analytics:read"], ["analytics:read", "responses:read"])
    }
    assert len(tags) == 6
    moving = QUERY | {"filter": {"submitted_at": {"$lt": {"$now": "-1min"}}}}
    assert ask(moving, tag=ask(moving)["ETag"]).status_code == 200


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("", "invalid_input", "q"),
        ("x" * 3001, "invalid_input", "q"),
        ("{", "parse_error", None),
        ('{"aggregate": "count", "aggregate": "sum"}', "parse_error", None),
        ('{"aggregate": "cuont"}', "invalid_query", "aggregate"),
    ],
)
def test_what_is_no_query_is_refused_with_its_place(ask, text, code, place):
    answer = ask(text)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert [each["field"] for each in answer.json().get("errors", [])] == ([place] if place else [])
    assert "ETag" not in answer
