"""How far respondents get, over HTTP: steps, pages, fields, and how long it takes them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from scipy import stats

from analytics.contributions.sketches import ACCURACY
from formplatform.core.connections import numbers
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
    assert found["completion_interval"] is None


def wilson(count, base):
    found = stats.binomtest(count, base).proportion_ci(method="wilson")
    return pytest.approx([found.low, found.high])


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
    assert found["completion_interval"] == wilson(1, 5)
    assert [each["interval"] for each in found["steps"]] == [
        wilson(*pair) for pair in ((1, 6), (1, 5), (2, 4), (1, 1), (0, 1))
    ]
    assert [each["interval"] for each in found["fields"]][2:] == [wilson(1, 1), None]
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


def test_a_span_holds_the_sessions_that_began_in_it_with_all_they_did_later(api, form_id, visit):
    night = datetime(2026, 11, 20, 22, 50, tzinfo=UTC)
    visit(VIEW, BEGIN, at=night)
    visit(VIEW, BEGIN, (900, {"pages": ["You"]}), at=night, submit=90_000)
    visit(VIEW, at=night + timedelta(minutes=10))
    paris = {"timezone": "Europe/Paris"}
    found = read(api, form_id, **paris, **{"from": "2026-11-20", "to": "2026-11-20"})
    assert steps(found) == [
        ("view", 2, 0, 0.0),
        ("start", 2, 1, 0.5),
        ("page:You", 1, 0, 0.0),
        ("page:Trip", 0, 0, None),
        ("submit", 1, 0, 0.0),
    ]
    assert (found["base_n"], found["timezone"], found["coarse_before"]) == (2, "Europe/Paris", None)
    assert found["time_to_complete"]["median"] == pytest.approx(90_900, rel=ACCURACY)
    assert read(api, form_id, **paris, **{"from": "2026-11-21"})["base_n"] == 1
    assert read(api, form_id, to="2026-11-20")["base_n"] == 3
    assert read(api, form_id, **{"from": "2026-11-20T23:00:00Z"})["base_n"] == 1
    assert read(api, form_id, **{"from": "2026-11-21", "to": "2026-11-20"})["base_n"] == 0
    totals = api.get(url(form_id, "metrics/"), {**paris, "to": "2026-11-20"}).json()
    assert (totals["total_responses"], totals["base_n"]) == (0, 0)
    assert totals["sessions"] == found["sessions"]
    totals = api.get(url(form_id, "metrics/"), {**paris, "from": "2026-11-22"}).json()
    assert (totals["total_responses"], totals["sessions"]["viewed"]) == (1, 0)


def test_a_deleted_response_takes_its_session_out_and_an_edited_one_does_not(api, form_id, visit):
    visit(VIEW)
    response_id = visit(VIEW, BEGIN, (5, {"pages": ["You"], "fields": ["age"]}), submit=10)
    before = read(api, form_id)
    path = f"/api/v2/forms/{form_id}/responses/{response_id}/"
    assert api.put(path, {"answers": {"age": 31}}).status_code == 200
    assert steps(read(api, form_id)) == steps(before)
    assert api.delete(path).status_code == 204
    found = read(api, form_id)
    assert [each[1:3] for each in steps(found)] == [(1, 1), (0, 0), (0, 0), (0, 0), (0, 0)]
    assert (found["time_to_complete"]["n"], found["completion_rate"]) == (0, None)


def test_former_pages_and_fields_follow_while_somebody_reached_them(api, form_id, visit):
    visit(VIEW, (5, {"pages": ["Trip"], "fields": ["why"]}))
    fields_now = [{"id": "age", "type": "integer", "label": "Age", "page": "Me"}]
    publish(api, form_id, {"fields": fields_now})
    visit(VIEW, (5, {"pages": ["Me"], "fields": ["age"]}))
    found = read(api, form_id)
    assert [each["title"] for each in found["steps"]] == ["View", "Start", "Me", "Trip", "Submit"]
    assert [(each["field_id"], each["label"], each["page"]) for each in found["fields"]] == [
        ("age", "Age", "Me"),
        ("why", "Why?", "Trip"),
    ]
    assert sum(each["left"] for each in found["steps"]) == 2


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"to": "9999-12-31"}, "to"),
    ],
)
@pytest.mark.parametrize("answer", ["funnel/", "metrics/"])
def test_a_span_that_is_none_is_refused_by_its_field(api, form_id, answer, asked, field):
    refused = api.get(url(form_id, answer), asked)
    assert refused.status_code == 400
    assert [error["field"] for error in refused.json()["errors"]] == [field]


def test_a_funnel_comes_from_the_cache_until_a_session_moves(api, form_id, visit):
    visit(VIEW)
    first = read(api, form_id)
    numbers().hincrby(f"form:{{{form_id}}}:sessions", "viewed", 41)
    assert read(api, form_id) == first
    visit(VIEW)
    assert read(api, form_id)["base_n"] == 43


def test_a_span_that_leaves_few_out_shows_nobody_on_a_form_that_hides_small_groups(
    api, form_id, visit
):
    assert api.patch(f"/api/v2/forms/{form_id}/", {"min_cell": 3}).status_code == 200
    for day in (0, 0, 0, 1, 1, 1, 2):
        visit(VIEW, (60, {"steps": ["start"]}), at=START + timedelta(days=day), submit=60)
    found = read(api, form_id, to="2026-11-20")
    assert (found["base_n"], found["time_to_complete"]["n"]) == (3, 3)
    for path in ("funnel/", "metrics/"):
        shown = api.get(url(form_id, path), {"to": "2026-11-20"}).json()
        hidden = api.get(url(form_id, path), {"to": "2026-11-21"}).json()
        assert shown["sessions"] == {"viewed": 3, "started": 3, "submitted": 3}
        assert hidden["sessions"] == {"viewed": None, "started": None, "submitted": None}
        assert (hidden["base_n"], hidden["completion_rate"]) == (None, None)
        assert hidden["time_to_complete"] == {
            "median": None,
            "p90": None,
            "n": None,
            "quantile_error": ACCURACY,
        }
        whole = api.get(url(form_id, path)).json()
        assert whole["sessions"]["viewed"] == 7
    assert steps(read(api, form_id, to="2026-11-21"))[0] == ("view", None, None, None)
