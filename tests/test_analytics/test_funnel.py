"""How far respondents get, over HTTP: steps, pages, fields, and how long it takes them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from analytics.sketches import ACCURACY
from formplatform.forms.ids import new_id
from tests.test_analytics.test_api import client_of, url

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DEFINITION = {
    "fields": [
        {"id": "age", "type": "integer", "label": "Your age", "page": "You"},
        {"id": "job", "name": "work", "type": "text", "label": "Your work", "page": "You"},
        {
            "id": "why",
            "type": "text",
            "label": "Why?",
            "page": "Trip",
            "visible_if": {"field": "age", "op": "gte", "value": 18},
        },
        {"id": "twice", "type": "calculated", "label": "Twice", "expression": "age * 2"},
        {"id": "note", "type": "text", "label": "Anything else"},
    ]
}


@pytest.fixture
def api(form_store):
    return client_of(User.objects.create_user("ada"))


def publish(api, form_id, definition):
    path = f"/api/v2/forms/{form_id}/"
    assert api.patch(path, {"definition": definition}).status_code == 200
    assert api.post(f"{path}publish/").status_code in (200, 201)


@pytest.fixture
def form_id(api):
    form = api.post("/api/v2/forms/", {"title": "Trip", "definition": DEFINITION}).json()
    api.post(f"/api/v2/forms/{form['id']}/publish/")
    return form["id"]


@pytest.fixture
def visit(api, form_id, time_machine):
    """Somebody goes through the form, each post so many seconds after the one before."""

    def go(*posts, at=START, submit=None):
        session_id = new_id()
        for seconds, post in posts:
            at += timedelta(seconds=seconds)
            time_machine.move_to(at, tick=False)
            path = f"/api/v2/forms/{form_id}/sessions/"
            assert api.post(path, {"session_id": session_id, **post}).status_code == 200
        if submit is None:
            return None
        time_machine.move_to(at + timedelta(seconds=submit), tick=False)
        body = {"answers": {"age": 30}, "session_id": session_id}
        return api.post(f"/api/v2/forms/{form_id}/responses/", body).json()["id"]

    return go


VIEW = (0, {"steps": ["view"]})
BEGIN = (5, {"steps": ["start"]})


def read(api, form_id, **asked):
    answer = api.get(url(form_id, "funnel/"), asked)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def steps(found):
    return [(each["id"], each["reached"], each["left"], each["rate"]) for each in found["steps"]]


def fields(found):
    names = ("field_id", "viewed", "answered", "left", "rate")
    return [tuple(each[name] for name in names) for each in found["fields"]]


def test_a_form_nobody_has_seen_has_an_empty_funnel(api, form_id):
    found = read(api, form_id)
    assert steps(found) == [
        ("view", 0, 0, None),
        ("start", 0, 0, None),
        ("page:You", 0, 0, None),
        ("page:Trip", 0, 0, None),
        ("submit", 0, 0, None),
    ]
    assert [each[1:] for each in fields(found)] == [(0, 0, 0, None)] * 4
    assert found["time_to_complete"] == {
        "median": None,
        "p90": None,
        "n": 0,
        "quantile_error": ACCURACY,
    }
    assert (found["base_n"], found["completion_rate"], found["drift"]) == (0, None, None)


def test_everybody_is_left_at_one_step(api, form_id, visit):
    visit(VIEW)
    visit(VIEW, BEGIN)
    visit(VIEW, BEGIN, (5, {"pages": ["You"], "fields": ["age"]}))
    visit(VIEW, BEGIN, (5, {"pages": ["You"]}), (5, {"fields": ["age"]}), (5, {"fields": ["job"]}))
    visit(VIEW, (9, {"pages": ["You", "Trip"], "fields": ["job", "why"]}))
    visit(VIEW, BEGIN, (5, {"pages": ["You"], "fields": ["age"]}), submit=10)
    found = read(api, form_id)
    assert steps(found) == [
        ("view", 6, 1, 1 / 6),
        ("start", 5, 1, 1 / 5),
        ("page:You", 4, 2, 1 / 2),
        ("page:Trip", 1, 1, 1.0),
        ("submit", 1, 0, 0.0),
    ]
    assert fields(found) == [
        ("age", 4, 3, 1, 1 / 3),
        ("job", 4, 2, 1, 1 / 2),
        ("why", 1, 1, 1, 1.0),
        ("note", 5, 0, 0, None),
    ]
    assert found["base_n"] == 6
    assert sum(each["left"] for each in found["steps"]) == 5
    assert found["sessions"] == {"viewed": 6, "started": 5, "submitted": 1}
    assert found["completion_rate"] == 1 / 5
    shown = found["fields"][2]
    assert (shown["label"], shown["page"], shown["conditional"]) == ("Why?", "Trip", True)
    assert [each["name"] for each in found["fields"]] == ["age", "work", "why", "note"]


def test_the_time_to_complete_runs_from_the_start_to_the_submit(api, form_id, visit):
    for seconds in (10, 20, 30, 40, 1000):
        visit(VIEW, BEGIN, submit=seconds)
    visit(VIEW, BEGIN)
    visit(VIEW, submit=30)
    visit((0, {"steps": ["view", "start", "submit"]}))
    for found in (read(api, form_id), api.get(url(form_id, "metrics/")).json()):
        took = found["time_to_complete"]
        assert took["n"] == 6
        assert took["median"] == pytest.approx(30, rel=ACCURACY)
        assert took["p90"] == pytest.approx(40, rel=ACCURACY)
        assert found["completion_rate"] == 7 / 8
