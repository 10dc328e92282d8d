"""A form that hides small groups, over HTTP: every way figures go out."""

import io
import json

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from rest_framework.test import APIClient

from analytics import keys
from analytics.figures.small_cells import cover_funnel, cover_series
from analytics.keys import FormKeys
from analytics.live.sources import FormNumbers, SavedAnswer
from formplatform.core import clock
from formplatform.core.api_keys import SCOPES, create_key
from formplatform.core.connections import numbers
from tests.test_analytics import study

DEPARTMENTS = {"it": 9, "hr": 2, "ops": 6}


@pytest.fixture
def api(form_store):
    _, token = create_key(User.objects.create_user("ada"), name="tests", scopes=SCOPES)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def form_id(api):
    body = {"title": "Study", "definition": study.DEFINITION, "min_cell": 5}
    form = api.post("/api/v2/forms/", body).json()
    api.post(f"/api/v2/forms/{form['id']}/publish/")
    for department, number in DEPARTMENTS.items():
        for place in range(number):
            answers = {"department": department, "tags": ["red"] if place else ["red", "blue"]}
            answers |= {"score": 5 if place else 1, "care": {"food": "good"}, "order": ["x", "y"]}
            api.post(f"/api/v2/forms/{form['id']}/responses/", {"answers": answers})
    return form["id"]


def url(form_id, rest):
    return f"/api/v2/analytics/forms/{form_id}/{rest}"


HIDDEN = {None, 9}
QUERY = {"measures": ["count"], "group_by": ["department"]}


def departments(rows):
    return {row["department"]: row["count"] for row in rows}


@pytest.mark.parametrize("engine", ["rollup", "columnar"])
def test_the_endpoint_the_command_and_exports_hide_the_same_by_every_engine(api, form_id, engine):
    query = QUERY | {"engine": engine}
    answer = api.post(url(form_id, "query/"), query).json()
    assert answer["meta"]["engine"] == engine
    assert departments(answer["data"]) == {"it": 9, "hr": None, "ops": None}
    assert (answer["meta"]["min_cell"], answer["meta"]["suppressed"]) == (5, 2)
    out = io.StringIO()
    call_command("query", form_id, json.dumps(query), "--format", "json", stdout=out)
    assert json.loads(out.getvalue())["data"] == answer["data"]
    file = b"".join(api.post(url(form_id, "export/?as=jsonl"), query).streaming_content)
    lines = [json.loads(line) for line in file.splitlines()]
    assert departments(lines) == {"it": 9, "hr": None, "ops": None}


def test_a_saved_query_hides_it_when_run_exported_and_watched(api, form_id):
    body = {"form_id": form_id, "name": "By department", "query": QUERY}
    saved = api.post("/api/v2/analytics/saved-queries/", body).json()["id"]
    run = api.post(f"/api/v2/analytics/saved-queries/{saved}/run/").json()
    assert departments(run["data"]) == {"it": 9, "hr": None, "ops": None}
    file = api.get(url(form_id, f"export/?as=csv&saved_query={saved}"))
    assert b"".join(file.streaming_content).decode().splitlines()[1:] == [
        "it,9,",
        "hr,,true",
        "ops,,true",
    ]
    state, _ = SavedAnswer(form_id=form_id, query_id=saved, personal_allowed=True).read()
    rows = [value for name, value in state.items() if name.startswith("rows.") and value != 3]
    assert departments(rows) == {"it": 9, "hr": None, "ops": None}


def test_a_distribution_hides_what_the_query_hides(api, form_id):
    found = api.get(url(form_id, "fields/department/distribution/")).json()
    assert {each["value"]: each["count"] for each in found["values"]} == {
        "it": 9,
        "hr": None,
        "ops": None,
    }
    assert (found["answered"], found["missing"], found["base_n"]) == (17, 0, 17)
    state, _ = FormNumbers(form_id=form_id, fields=("department",)).read()
    shown = [value for name, value in state.items() if "values." in name and "count" not in name]
    assert {each["value"]: each["count"] for each in shown} == {"it": 9, "hr": None, "ops": None}


def test_means_and_scores_are_hidden_where_hidden_counts_could_be_solved_for(api, form_id):
    found = api.get(url(form_id, "fields/score/distribution/")).json()
    assert [(each["value"], each["count"]) for each in found["values"]] == [
        ("1", None),
        ("5", None),
    ]
    assert (found["numbers"], found["description"]) == (None, None)


def test_options_of_several_matrices_and_rankings_are_covered_by_their_own_sums(api, form_id):
    several = api.get(url(form_id, "fields/tags/distribution/")).json()["values"]
    assert {each["value"]: each["count"] for each in several} == {
        "red": 17,
        "green": 0,
        "blue": None,
    }
    matrix = api.get(url(form_id, "fields/care/distribution/")).json()
    assert {each["value"]: each["count"] for each in matrix["values"]}["food/good"] == 17
    answers = {"care": {"food": "bad"}, "order": ["y", "x"], "note": "all by myself"}
    api.post(f"/api/v2/forms/{form_id}/responses/", {"answers": answers})
    for field in ("care", "order"):
        found = api.get(url(form_id, f"fields/{field}/distribution/")).json()
        counts = {each["value"]: each["count"] for each in found["values"]}
        assert counts[{"care": "food/good", "order": "1/x"}[field]] is None
        assert found["description"] is None
    text = api.get(url(form_id, "fields/note/distribution/")).json()
    assert (text["answered"], text["distinct"]) == (None, None)
    gone = api.get(url(form_id, "fields/department/distribution/")).json()
    assert (gone["answered"], gone["missing"]) == (None, None)  # one does not say
    assert all(each["share"] is None for each in gone["values"])


def test_totals_and_series_of_few_are_hidden(api, form_store):
    body = {"title": "Small", "definition": study.DEFINITION, "min_cell": 5}
    form_id = api.post("/api/v2/forms/", body).json()["id"]
    api.post(f"/api/v2/forms/{form_id}/publish/")
    for _ in range(3):
        api.post(f"/api/v2/forms/{form_id}/responses/", {"answers": {"age": 3}})
    numbers = api.get(url(form_id, "metrics/")).json()
    assert (numbers["total_responses"], numbers["today_submissions"]) == (None, None)
    assert numbers["base_n"] is None
    series = api.get(url(form_id, "timeseries/?granularity=day")).json()
    assert (series["total"], series["base_n"]) == (None, None)
    assert {bucket["count"] for bucket in series["buckets"]} == {None}
    assert api.patch(f"/api/v2/forms/{form_id}/", {"min_cell": 0}).status_code == 200
    assert api.get(url(form_id, "metrics/")).json()["total_responses"] == 3


def test_a_proof_names_the_days_that_differ_but_not_how_many_they_have(api, form_id):
    numbers().hincrby(FormKeys(form_id).prefix + keys.days(), f"{clock.now():%Y-%m-%d}", 3)
    found = api.get(url(form_id, "verify/")).json()
    assert [(day["stored"], day["counted"]) for day in found["days"]] == [(None, None)]
    assert found["stored"] == 17


STEPS = [
    ("view", 90, 10),
    ("start", 80, 0),
    ("page:a", 80, 22),
    ("page:b", 60, 3),
    ("submit", 55, 0),
]


def test_a_funnel_of_which_few_left_one_step_tells_of_no_step():
    rate = {"rate": 0.1, "interval": [0.05, 0.2]}
    steps = [{"id": n, "reached": r, "left": left, **rate} for n, r, left in STEPS]
    fields = [
        {"name": "a", "viewed": 80, "answered": 78, "left": 9, **rate},
        {"name": "b", "viewed": 60, "answered": 40, "left": 9, **rate},
    ]
    time = {"median": 40.0, "p90": 90.0, "n": 55}
    sessions = {"viewed": 90, "started": 80, "submitted": 55}
    funnel = {"steps": steps, "fields": fields, "base_n": 90, "completion_rate": 55 / 80}
    funnel |= {"sessions": sessions, "time_to_complete": time, "completion_interval": [0.5, 0.8]}
    found = cover_funnel(funnel, 5)
    assert {each["interval"] for each in (*found["steps"], *found["fields"])} == {None}
    assert found["completion_interval"] == [0.5, 0.8]
    assert {step["left"] for step in found["steps"]} == {None}
    assert {step["reached"] for step in found["steps"]} == {None}
    assert {(field["answered"], field["left"]) for field in found["fields"]} == {(None, None)}
    assert (found["sessions"], found["base_n"]) == (sessions, 90)
    few = cover_funnel(funnel | {"sessions": sessions | {"submitted": 78}}, 5)
    assert (set(few["sessions"].values()), few["completion_rate"]) == ({None}, None)
    assert few["completion_interval"] is None
    assert cover_funnel(funnel, 3)["steps"] == steps


def test_a_small_bucket_of_a_series_is_hidden_with_another():
    buckets = [{"timestamp": str(n), "count": n} for n in (2, 9, 30, 0)]
    found = cover_series({"buckets": buckets, "total": 41, "base_n": 41}, 5)
    assert [bucket["count"] for bucket in found["buckets"]] == [None, None, 30, 0]
    assert (found["total"], found["base_n"]) == (41, 41)


def test_the_responses_themselves_are_another_right(api, form_id):
    exported = b"".join(api.get(url(form_id, "export/?as=jsonl&fields=department")))
    assert len(exported.splitlines()) == sum(DEPARTMENTS.values())
