"""Hundreds of hostile queries: each is a 4xx that names the place, and none reads a response."""

import json

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from formplatform.core.api_keys import create_key
from tests.test_analytics import study
from tests.test_analytics.questions.hostile_groups import GROUPS, Text
from tests.test_analytics.questions.hostile_queries import UNREADABLE, every_hostile_query

OF_THE_FORM = {"find_form", "find_version", "list_versions"}
"""What has to be read to know whom a form belongs to, and which fields it has."""


def client_of(user, *scopes):
    _, token = create_key(user, name="tests", scopes=scopes)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def form(form_store):
    api = client_of(User.objects.create_user("ada"), "forms:read", "forms:write")
    form = api.post("/api/v2/forms/", {"title": "S", "definition": study.DEFINITION}).json()
    api.post(f"/api/v2/forms/{form['id']}/publish/")
    form_store.insert_responses(study.responses(form["id"], 20))
    return form["id"]


@pytest.fixture
def ask(form):
    api = client_of(User.objects.get(username="ada"), "analytics:read")

    def ask(body):
        text = body if isinstance(body, Text | bytes) else json.dumps(body)
        url = f"/api/v2/analytics/forms/{form}/query/"
        return api.post(url, data=text, content_type="application/json")

    return ask


def verdict(answer, path):
    """What is wrong with an answer; None where it is a refusal of that place."""
    if not 400 <= answer.status_code < 500:
        return answer.status_code, answer.content[:300]
    if answer["Content-Type"] != "application/problem+json":
        return answer["Content-Type"]
    errors = answer.json().get("errors", [])
    told = [error["field"] for error in errors if error["code"] and error["message"]]
    shown = path.encode("utf-8", "backslashreplace").decode()
    return None if told and all(each.startswith(shown[:200]) for each in told) else told


@pytest.mark.parametrize("group", GROUPS)
def test_a_hostile_query_is_refused_where_it_is_wrong_and_reads_nothing(ask, store_calls, group):
    wrong = {}
    for name, body, path in GROUPS[group]():
        store_calls.clear()
        found = verdict(ask(body), path) or sorted(store_calls.keys() - OF_THE_FORM)
        if found:
            wrong[name] = found
    assert wrong == {}


DOORS = {
    "explained": "analytics/forms/{form}/query/?explain=1",
    "exported": "analytics/forms/{form}/export/?as=csv",
    "saved": "analytics/saved-queries/",
}


@pytest.mark.parametrize("door", DOORS)
def test_no_other_door_takes_one(form, form_store, store_calls, door):
    api = client_of(User.objects.get(username="ada"), "analytics:read", "analytics:write")
    url, wrong = "/api/v2/" + DOORS[door].format(form=form), {}
    sent = [each for each in every_hostile_query() if not isinstance(each.body, Text)][::9]
    for name, body, _ in sent:
        store_calls.clear()
        asked = {"form_id": form, "name": "x", "query": body} if door == "saved" else body
        answer = api.post(url, data=json.dumps(asked), content_type="application/json")
        found = verdict(answer, "") or sorted(store_calls.keys() - OF_THE_FORM)
        if found:
            wrong[name] = found
    assert wrong == {}
    assert len(sent) > 100


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_json_is_refused_and_reads_nothing(ask, store_calls, name):
    text = UNREADABLE[name]
    answer = ask(Text(text) if isinstance(text, str) else text)
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert store_calls.keys() <= OF_THE_FORM


def test_they_are_many_and_each_has_a_name_of_its_own():
    names = [f"{group}: {each.name}" for group, make in GROUPS.items() for each in make()]
    assert len(names) == len(set(names)) == len(every_hostile_query())
    assert len(names) + len(UNREADABLE) >= 1000


def test_a_query_that_is_answered_does_read_the_responses(ask, store_calls):
    assert ask({"aggregate": "count"}).json()["data"] == [{"_id": None, "value": 20}]
    assert store_calls.keys() - OF_THE_FORM


def test_another_s_form_is_none_whatever_is_asked(form, store_calls):
    stranger = client_of(User.objects.create_user("eve"), "analytics:read", "responses:read")
    url = f"/api/v2/analytics/forms/{form}/query/"
    for body in ({"aggregate": "count"}, {"aggregate": "count", "filter": {"$where": "1"}}):
        answer = stranger.post(url, data=json.dumps(body), content_type="application/json")
        assert answer.status_code == 404
    assert store_calls.keys() <= OF_THE_FORM
