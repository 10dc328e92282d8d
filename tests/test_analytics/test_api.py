"""The numbers over HTTP, from a submitted response to the answer."""

import time
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from analytics import aggregator
from analytics.aggregator import AWAY_SECONDS, FormAggregator
from formplatform.core.api_keys import SCOPES, create_key
from formplatform.core.connections import READING_SECONDS, numbers
from formplatform.forms.access import Role, share_form
from formplatform.forms.ids import new_id
from formplatform.forms.storage.registry import get_store
from tests.redis_away import KINDS, away, other_clients
from tests.test_analytics import study


def client_of(user, scopes=SCOPES, **options):
    _, token = create_key(user, name="tests", scopes=scopes, **options)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def ada():
    return User.objects.create_user("ada")


@pytest.fixture
def api(ada, form_store):
    return client_of(ada)


@pytest.fixture
def form_id(api):
    body = {"title": "Study", "definition": study.DEFINITION}
    form = api.post("/api/v2/forms/", body).json()
    api.post(f"/api/v2/forms/{form['id']}/publish/")
    return form["id"]


@pytest.fixture
def submit(api, form_id):
    def post(**answers):
        return api.post(f"/api/v2/forms/{form_id}/responses/", {"answers": answers}).json()

    return post


def url(form_id, rest):
    return f"/api/v2/analytics/forms/{form_id}/{rest}"


def test_a_response_moves_the_numbers_at_once(api, form_id, submit):
    read = lambda: api.get(url(form_id, "metrics/")).json()  # noqa: E731
    assert read()["total_responses"] == 0
    submit(age=30)
    response = submit(age=31)
    found = read()
    assert (found["total_responses"], found["today_submissions"]) == (2, 2)
    assert found["completion_rate"] is None
    before = datetime.fromisoformat(found["as_of"])
    assert before <= datetime.now(UTC)
    api.delete(f"/api/v2/forms/{form_id}/responses/{response['id']}/")
    assert read()["total_responses"] == 1
    assert datetime.fromisoformat(read()["as_of"]) >= before


def test_metrics_come_from_the_cache_until_something_is_counted(api, form_id, submit):
    submit(age=30)
    first = api.get(url(form_id, "metrics/")).json()
    numbers().hincrby(f"form:{{{form_id}}}:stats", "total_responses", 41)
    assert api.get(url(form_id, "metrics/")).json() == first
    submit(age=31)
    assert api.get(url(form_id, "metrics/")).json()["total_responses"] == 43


def test_sessions_give_the_completion_rate(api, form_id):
    steps = f"/api/v2/forms/{form_id}/sessions/"
    done = api.post(steps, {"steps": ["view", "start"]}).json()
    api.post(steps, {"steps": ["view", "start"]})
    api.post(steps, {"steps": ["submit"], "session_id": done["session_id"]})
    found = api.get(url(form_id, "metrics/")).json()
    assert found["sessions"] == {"viewed": 2, "started": 2, "submitted": 1}
    assert found["completion_rate"] == 0.5


def test_a_series_covers_whole_days_of_the_zone(api, form_id, form_store):
    moments = ["2026-03-28T22:59:00Z", "2026-03-28T23:00:00Z", "2026-03-30T21:59:00Z"]
    for moment in moments:
        aggregator.current().on_response_submitted(
            form_id, {}, submitted_at=datetime.fromisoformat(moment)
        )
    asked = {"from": "2026-03-29", "to": "2026-03-30", "timezone": "Europe/Paris"}
    found = api.get(url(form_id, "timeseries/"), asked).json()
    assert found["buckets"] == [
        {"timestamp": "2026-03-29T00:00:00+01:00", "count": 1},
        {"timestamp": "2026-03-30T00:00:00+02:00", "count": 1},
    ]
    assert (found["total"], found["granularity"], found["timezone"]) == (2, "day", "Europe/Paris")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"granularity": "second"}, "granularity"),
        ({"granularity": "minute", "from": "2026-01-01"}, "from"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"to": "9999-12-31"}, "to"),
        ({"from": "0001-01-01"}, "from"),
        ({"from": "0001-01-01", "timezone": "Asia/Tokyo"}, "from"),
        ({"from": "0001-01-01T00:00:00+14:00"}, "from"),
    ],
)
def test_a_series_nobody_can_draw_is_refused_by_its_field(api, form_id, asked, field):
    refused = api.get(url(form_id, "timeseries/"), asked)
    assert refused.status_code == 400
    assert [error["field"] for error in refused.json()["errors"]] == [field]


def test_a_choice_is_spread_over_all_its_options(api, form_id, submit):
    for answers in ({"department": "IT"}, {"department": "HR"}, {"department": "it"}, {"age": 3}):
        submit(**answers)
    found = api.get(url(form_id, "fields/department/distribution/")).json()
    intervals = [each.pop("interval") for each in found["values"]]
    assert [round(end, 4) for end in intervals[0]] == [0.2077, 0.9385]  # Wilson, by hand
    assert found["values"] == [
        {"value": "it", "label": "IT", "count": 2, "share": 2 / 3},
        {"value": "hr", "label": "HR", "count": 1, "share": 1 / 3},
        {"value": "ops", "label": "Operations", "count": 0, "share": 0},
    ]
    assert (found["answered"], found["missing"], found["other"]) == (3, 1, 0)
    assert found["numbers"] is None


def test_several_options_share_the_base_of_who_answered(api, form_id, submit):
    submit(tags=["red", "blue"])
    submit(tags=["Red"])
    submit(age=1)
    found = api.get(url(form_id, "fields/tags/distribution/")).json()
    assert {each["value"]: each["share"] for each in found["values"]} == {
        "red": 1.0,
        "green": 0.0,
        "blue": 0.5,
    }


def test_a_matrix_a_ranking_a_yes_and_a_date_have_their_own_spread(api, form_id, submit):
    submit(care={"food": "Good"}, order=["y", "x"], member=True, born="2000-02-29")
    counts = {}
    for field in ("care", "order", "member", "born"):
        found = api.get(url(form_id, f"fields/{field}/distribution/")).json()
        counts[field] = {each["label"]: each["count"] for each in found["values"]}
    assert counts == {
        "care": {"Food: Good": 1, "Food: Bad": 0, "Staff: Good": 0, "Staff: Bad": 0},
        "order": {"1. X": 0, "1. Y": 1, "2. X": 1, "2. Y": 0},
        "member": {"Yes": 1, "No": 0},
        "born": {"2000-02": 1},
    }


def test_numbers_have_exact_figures_also_after_an_extreme_is_gone(api, form_id, submit):
    responses = [submit(amount=amount) for amount in (0.1, 0.2, 0.3, 1e16)]
    gone = responses[-1]["id"]
    api.delete(f"/api/v2/forms/{form_id}/responses/{gone}/")
    found = api.get(url(form_id, "fields/amount/distribution/")).json()["numbers"]
    assert (found["count"], found["sum"], found["minimum"], found["maximum"]) == (3, 0.6, 0.1, 0.3)
    assert found["mean"] == pytest.approx(0.2)
    assert found["standard_deviation"] == pytest.approx(0.1)


def test_of_a_personal_field_only_the_base_is_known(api, form_id, submit):
    submit(email="someone@example.org")
    found = api.get(url(form_id, "fields/email/distribution/")).json()
    assert (found["answered"], found["personal"], found["values"]) == (1, True, [])
    assert "someone" not in str(found)


def test_a_field_the_form_does_not_have_is_not_found(api, form_id):
    assert api.get(url(form_id, "fields/nope/distribution/")).status_code == 404


def test_a_query_is_answered_with_what_is_known_about_it(api, form_id, submit):
    for age in (20, 30, 40):
        submit(department="IT", age=age)
    submit(department="HR", age=50)
    query = {"aggregate": "avg", "value": "age", "group_by": "data.department"}
    found = api.post(url(form_id, "query/"), query)
    assert found.status_code == 200
    assert found.json()["data"] == [{"_id": "hr", "value": 50}, {"_id": "it", "value": 30}]
    meta = found.json()["meta"]
    assert meta["engine"] == ("mongodb" if get_store().name == "mongo" else "columnar")
    assert meta["truncated"] is False
    cut = api.post(url(form_id, "query/"), query | {"limit": 1}).json()
    assert (cut["data"], cut["meta"]["truncated"]) == ([{"_id": "hr", "value": 50}], True)


def test_a_wrong_query_is_a_problem_with_path_code_and_hint(api, form_id):
    refused = api.post(url(form_id, "query/"), {"aggregate": "count", "filter": {"agee": 1}})
    assert refused.status_code == 400
    assert refused["Content-Type"] == "application/problem+json"
    (error,) = refused.json()["errors"]
    assert (error["field"], error["code"]) == ("filter.agee", "unknown_field")
    assert 'Did you mean "age"?' in error["message"]
    assert api.post(url(form_id, "query/"), [1]).status_code == 400


def test_personal_fields_are_open_to_those_who_may_read_the_responses(ada, api, form_id, submit):
    submit(email="someone@example.org")
    query = {"aggregate": "count", "group_by": "email"}
    narrow = client_of(ada, scopes=["analytics:read"])
    refused = narrow.post(url(form_id, "query/"), query)
    assert refused.json()["errors"][0]["code"] == "personal_data"
    assert "someone" not in refused.content.decode()
    assert api.post(url(form_id, "query/"), query).json()["data"] == [
        {"_id": "someone@example.org", "value": 1}
    ]


PATHS = ["metrics/", "funnel/", "timeseries/", "fields/age/distribution/"]


def every_endpoint(client, form_id):
    answers = [client.get(url(form_id, path)).status_code for path in PATHS]
    query = client.post(url(form_id, "query/"), {"aggregate": "count"})
    return {*answers, query.status_code}


def test_only_who_may_see_the_form_sees_its_numbers(ada, form_id):
    eve = User.objects.create_user("eve")
    assert every_endpoint(APIClient(), form_id) == {401}
    assert every_endpoint(client_of(eve), form_id) == {404}
    assert every_endpoint(client_of(ada, form_ids=[new_id()]), form_id) == {404}
    assert every_endpoint(client_of(ada, scopes=["forms:read"]), form_id) == {403}
    form = get_store().find_form(form_id)
    share_form(form, user_id=eve.pk, role=Role.SUBMITTER)
    assert every_endpoint(client_of(eve), form_id) == {404}
    share_form(form, user_id=eve.pk, role=Role.VIEWER)
    assert every_endpoint(client_of(eve, scopes=["analytics:read"]), form_id) == {200}
    assert every_endpoint(client_of(ada), "not-an-id") == {404}


@pytest.mark.processes
def test_without_redis_numbers_say_when_to_ask_again_and_queries_still_answer(
    api, form_id, submit, server, monkeypatch
):
    submit(age=30)
    client = server.client()
    monkeypatch.setattr(aggregator, "reader", lambda: FormAggregator(client))
    monkeypatch.setattr("caching.redis_client.shared_client", lambda: client)
    server.kill()
    for path in PATHS:
        refused = api.get(url(form_id, path))
        assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    found = api.post(url(form_id, "query/"), {"aggregate": "count"})
    assert found.json()["data"] == [{"_id": None, "value": 1}]
    server.start()
    assert api.get(url(form_id, "metrics/")).json()["total_responses"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_where_no_redis_can_be_reached_queries_still_answer(api, form_id, submit, kind):
    submit(age=30)
    with away(kind):
        for path in PATHS:
            refused = api.get(url(form_id, path))
            assert (refused.status_code, refused["Retry-After"]) == (503, "5")
        found = api.post(url(form_id, "query/"), {"aggregate": "count"})
    assert found.json()["data"] == [{"_id": None, "value": 1}]
    assert api.get(url(form_id, "metrics/")).json()["total_responses"] == 1


@pytest.mark.processes
def test_a_redis_that_hangs_costs_one_reader_its_patience_and_the_next_ones_nothing(
    api, form_id, server, settings
):
    settings.REDIS_URL, settings.REDIS_CLUSTER_NODES = f"unix://{server.socket}", []
    with other_clients():
        server.pause()

        started = time.monotonic()
        first = api.get(url(form_id, "metrics/"))
        asked = time.monotonic()
        others = [api.get(url(form_id, path)) for path in PATHS]

        assert {answer.status_code for answer in (first, *others)} == {503}
        assert READING_SECONDS <= asked - started < 2 * READING_SECONDS
        assert time.monotonic() - asked < READING_SECONDS
        server.go_on()
        time.sleep(AWAY_SECONDS)
        assert api.get(url(form_id, "metrics/")).status_code == 200


def test_viewers_compare_the_numbers_and_editors_mend_them(api, form_id, submit):
    submit(age=30)
    days = aggregator.current().days(form_id)
    ((day, count),) = days.items()
    read = lambda rest: api.get(url(form_id, rest)).json()  # noqa: E731
    assert read("metrics/")["drift"] is None
    exact = read("verify/")
    assert (exact["exact"], exact["settled"], exact["days"], exact["keys"]) == (
        True,
        True,
        [],
        None,
    )
    numbers().hincrby(f"form:{{{form_id}}}:timeseries:day", day, 6)
    found = read("verify/")
    wrong = {"day": day, "stored": 1, "counted": count + 6}
    unlike = {"quarter_hours_differ": True, "minutes_differ": True}
    alike = {"hash_differs": False, "sessions_differ": False}
    assert found["days"] == [wrong | unlike | alike]
    assert (found["months"], found["exact"]) == ([day[:7]], False)
    proven = [read(f"{each}/") for each in ("metrics", "timeseries", "fields/age/distribution")]
    assert [each["drift"] for each in proven] == [
        {"checked_at": found["checked_at"], "exact": False}
    ] * 3
    done = api.post(url(form_id, "verify/")).json()
    assert (done["remedy"], done["before"]["exact"], done["after"]["exact"]) == (
        "counters",
        False,
        True,
    )
    assert aggregator.current().days(form_id) == days
    deep = api.post(f"{url(form_id, 'verify/')}?deep=true").json()
    assert (deep["remedy"], deep["after"]["keys"]) == ("none", [])
    assert read("metrics/")["drift"]["exact"] is True


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: numbers().set(key, "not counters"),
        lambda key: numbers().hset(key, "age", "many"),
    ],
)
def test_damaged_numbers_say_how_they_are_mended(api, form_id, submit, spoil):
    submit(age=30)
    distribution = url(form_id, "fields/age/distribution/")
    assert api.get(url(form_id, "verify/")).json()["exact"] is True
    spoil(f"form:{{{form_id}}}:fields")
    refused = api.get(distribution)
    assert refused.status_code == 503
    assert "verify_metrics FORM --repair" in refused.json()["detail"]
    assert api.get(url(form_id, "verify/")).json()["damaged"] == ["fields"]
    done = api.post(url(form_id, "verify/")).json()
    assert (done["remedy"], done["after"]["exact"]) == ("rebuild", True)
    assert api.get(distribution).json()["answered"] == 1


def test_a_viewer_may_look_but_not_repair(api, form_id, submit):
    submit(age=30)
    bob = User.objects.create_user("bob")
    share_form(get_store().find_form(form_id), user_id=bob.pk, role=Role.VIEWER)
    numbers().hincrby(f"form:{{{form_id}}}:stats", "total_responses", 1)
    assert client_of(bob).get(url(form_id, "verify/")).json()["counted"] == 2
    assert client_of(bob).post(url(form_id, "verify/")).status_code == 403
    assert api.get(url(form_id, "verify/")).json()["counted"] == 2


def test_every_answer_says_how_many_responses_it_is_about(api, form_id, submit):
    submit(age=30)
    submit(department="it")
    rests = ("metrics/", "timeseries/", "fields/age/distribution/")
    assert [api.get(url(form_id, rest)).json()["base_n"] for rest in rests] == [2, 2, 1]


def test_a_distribution_of_numbers_shows_quantiles_and_their_error(api, form_id, submit):
    for amount in (1.5, 20.0, 300.0, 4000.0):
        submit(amount=amount, age=int(amount))
    read = lambda field: api.get(url(form_id, f"fields/{field}/distribution/")).json()  # noqa: E731
    found = read("amount")["numbers"]
    assert found["quantile_error"] == 0.01
    quantiles = [found[name] for name in ("median", "p90", "p95")]
    assert quantiles == pytest.approx([20.0, 300.0, 300.0], rel=0.01)
    assert quantiles != [20.0, 300.0, 300.0]
    found = read("age")["numbers"]
    assert [found[name] for name in ("median", "p90", "p95")] == [20, 300, 300]
    assert found["quantile_error"] == 0
