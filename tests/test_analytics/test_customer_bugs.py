"""The nineteen mistakes of the customer's own analytics code: each one by its number."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from analytics import aggregator
from analytics.aggregator import FormAggregator
from analytics.query import limits
from analytics.query.errors import QueryError
from analytics.query_builder import QueryDSL, execute_analytics_query, run_query
from analytics.subscribers import count_responses, count_sessions
from formplatform.core.api_keys import create_key
from formplatform.core.connections import numbers
from formplatform.forms.ids import new_id
from formplatform.forms.storage.base import ResponseQuery
from tests.factories.forms import FormFactory, FormResponseFactory, SessionFactory
from tests.test_analytics import study
from tests.test_analytics.test_counting import advanced
from tests.test_analytics.world import World

JANUARY = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def ten(form_id, form_store):
    """Ten responses, one a day from New Year's Eve on, alternating between IT and HR."""
    rows = [
        {
            "department": "it" if n % 2 else "hr",
            "status": "approved",
            "amount": n * 10,
            "tags": ["red", "blue"] if n % 2 else ["blue", "red"],
            "email": f"p{n}@example.org",
        }
        for n in range(10)
    ]
    form_store.insert_responses(
        FormResponseFactory(
            form_id=form_id, data=data, submitted_at=JANUARY + timedelta(days=n - 1)
        )
        for n, data in enumerate(rows)
    )
    return form_id


def rows(form_id, query):
    return {row["_id"]: row["value"] for row in execute_analytics_query(form_id, query)}


def refusal(query):
    with pytest.raises(QueryError) as refused:
        QueryDSL(study.version(new_id())).parse(query)
    error = refused.value.errors[0]
    return error.field, error.code


def test_bug_1_the_guides_own_example_finds_responses_by_a_date_given_as_text(ten):
    query = {
        "aggregate": "count",
        "group_by": "data.department",
        "filter": {
            "submitted_at": {"$gte": "2026-01-01"},
            "data.status": {"$eq": "approved"},
        },
    }
    assert rows(ten, query) == {"it": 5, "hr": 4}


def test_bug_2_sum_avg_min_and_max_look_at_the_value_asked_for(ten):
    values = {"sum": 250, "avg": 50, "min": 10, "max": 90}
    for aggregate, expected in values.items():
        query = {"aggregate": aggregate, "value": "amount", "group_by": "department"}
        assert rows(ten, query)["it"] == expected
    assert refusal({"aggregate": "sum"}) == ("value", "required")


def test_bug_3_an_unknown_key_is_refused():
    assert refusal({"aggregate": "count", "filters": {}}) == ("filters", "unknown_key")


def test_bug_4_an_or_is_an_or(ten):
    either = {"$or": [{"department": "it"}, {"data.amount": {"$lt": 20}}]}
    assert rows(ten, {"aggregate": "count", "filter": either}) == {None: 6}


def test_bug_4_a_field_called_like_an_operator_is_none():
    for name in ("data.$or", "data.$and"):
        asked = {"aggregate": "count", "filter": {name: 1}}
        assert refusal(asked) == (f"filter.{name}", "unknown_field")
    wrong = {"aggregate": "count", "filter": {"$or": {"department": "it"}}}
    assert refusal(wrong) == ("filter.$or", "wrong_type")


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({"$where": "1"}, "unknown_operator"),
        ({"data.$where": "1"}, "unknown_field"),
        ({"data.$$ROOT": "1"}, "unknown_field"),
        ({"submitted_at": {}}, "required"),
        ({"department": {"$ne": {"$gt": ""}}}, "wrong_type"),
        ({"department": {"$in": "it"}}, "wrong_type"),
        ({"department": {"$regex": "."}}, "unknown_operator"),
    ],
)
def test_bug_5_operators_and_operands_are_checked(condition, code):
    assert refusal({"aggregate": "count", "filter": condition})[1] == code


def test_bug_6_a_field_must_exist_and_a_personal_one_stays_closed(ten):
    assert refusal({"aggregate": "count", "group_by": "departmnt"})[1] == "unknown_field"
    assert refusal({"aggregate": "count", "group_by": "data.email"})[1] == "personal_data"
    known = {"aggregate": "count", "group_by": "data.email"}
    opened = QueryDSL(study.version(ten), personal_allowed=True)
    assert opened.parse(known).dimensions[0].name == "email"


def test_bug_6_only_a_form_one_may_see_is_asked_and_nothing_else_is_taken_for_one(ten, form_store):
    form_store.insert_form(FormFactory(id=ten, owner_id=User.objects.create_user("ada").pk))
    response = form_store.page_responses(ResponseQuery(form_id=ten, limit=1))[0]
    found = {
        (name, asked): status_of(name, asked)
        for name, asked in [("ada", ten), ("eve", ten), ("ada", response.id), ("ada", new_id())]
    }
    assert list(found.values()) == [200, 404, 404, 404]


def status_of(name, form_id):
    user, _ = User.objects.get_or_create(username=name)
    _, token = create_key(user, name="tests", scopes=["analytics:read"])
    url = f"/api/v2/analytics/forms/{form_id}/query/"
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client.post(url, {"aggregate": "count"}, format="json").status_code


@pytest.mark.parametrize(
    "query",
    [
        {"aggregate": ["count"]},
        {"aggregate": "count", "sort": ["value"]},
        {"aggregate": "count", "filter": ["x"]},
        {"aggregate": "count", "group_by": 7},
        {"aggregate": "count", "group_by": []},
        ["count"],
        None,
    ],
)
def test_bug_7_another_shape_is_refused_and_a_list_of_groups_is_a_crosstab(ten, query):
    assert refusal(query)[1] in ("wrong_type", "out_of_range")
    crosstab = {"aggregate": "count", "group_by": ["data.department", "tags"], "limit": 1}
    assert execute_analytics_query(ten, crosstab) == [
        {"_id": {"department": "hr", "tags": "blue"}, "value": 5}
    ]


@pytest.mark.parametrize("limit", [0, -1, 10_001, 10**9, "5", True, None, 2.5])
def test_bug_8_the_limit_has_limits(limit):
    assert refusal({"aggregate": "count", "limit": limit})[0] == "limit"


def test_bug_8_time_and_groups_have_limits_too(ten, monkeypatch):
    parsed = QueryDSL(study.version(ten)).parse({"aggregate": "count"})
    assert parsed.max_time_ms == 10_000
    for wrong in (0, -1, 30_001, "1"):
        assert refusal({"aggregate": "count", "max_time_ms": wrong})[0] == "max_time_ms"
    by_value = {"aggregate": "count", "group_by": "amount"}
    assert len(execute_analytics_query(ten, by_value)) == 10
    monkeypatch.setattr(limits, "MAX_GROUPS", 9)
    with pytest.raises(QueryError) as refused:
        execute_analytics_query(ten, by_value)
    assert refused.value.errors[0].code == "too_many_groups"


def test_bug_9_rows_are_sorted_by_the_group_and_ties_are_broken(ten):
    query = {"aggregate": "count", "group_by": "data.department"}
    for name in ("data.department", "department", "_id"):
        query["sort"] = {"field": name, "desc": True}
        assert list(rows(ten, query)) == ["it", "hr"]
    query["sort"] = {"field": "value"}
    assert list(rows(ten, query)) == ["hr", "it"]


def test_bug_10_several_choices_count_in_a_group_each(ten):
    assert rows(ten, {"aggregate": "count", "group_by": "tags"}) == {"red": 10, "blue": 10}


def test_bug_10_options_have_labels_and_a_missing_answer_is_none_of_them(ten, form_store):
    form_store.insert_response(FormResponseFactory(form_id=ten, data={"amount": 1}))
    group = {"field": "tags", "missing": "no tags"}
    found = run_query(ten, {"measures": ["count"], "group_by": [group]})
    assert {row["tags"]: row["count"] for row in found.rows} == {
        "blue": 10,
        "red": 10,
        "no tags": 1,
    }
    assert found.columns[0]["labels"] == {"red": "Red", "green": "Green", "blue": "Blue"}


def test_bug_11_facts_about_the_response_are_not_looked_up_among_the_answers(ten):
    assert rows(ten, {"aggregate": "count", "filter": {"form_version": 1}}) == {None: 10}
    assert rows(ten, {"aggregate": "count", "group_by": "form_version"}) == {1: 10}


def test_bug_11_every_fact_about_a_response_is_known(ten):
    by = {
        name: rows(ten, {"aggregate": "count", "group_by": name}) for name in ("source", "version")
    }
    assert by == {"source": {"api": 10}, "version": {1: 10}}
    for name in ("submitted_at", "updated_at"):
        before = {"aggregate": "count", "filter": {name: {"$lt": "2100-01-01"}}}
        assert rows(ten, before) == {None: 10}


def test_bug_12_nothing_matching_is_a_row_that_says_so(ten):
    nothing = {"department": "ops"}
    for aggregate, value in {"count": 0, "sum": 0, "avg": None, "min": None, "max": None}.items():
        query = {"aggregate": aggregate, "value": "amount", "filter": nothing}
        assert execute_analytics_query(ten, query) == [{"_id": None, "value": value}]


def count(form_id, store, moments):
    world = World(form_id, store)
    for moment in moments:
        world.submit(submitted_at=moment)
    count_responses(world.events)


def test_bug_13_days_and_months_have_numbers(form_id, form_store):
    now = datetime.now(UTC)
    count(form_id, form_store, [now, now, now - timedelta(days=1)])
    for granularity in ("day", "month"):
        buckets = aggregator.current().get_timeseries(form_id, granularity=granularity)
        assert sum(bucket["count"] for bucket in buckets) == 3
    assert aggregator.current().get_timeseries(form_id)[-1]["count"] == 2


def test_bug_14_an_hour_counts_its_responses_also_in_the_same_microsecond(form_id, form_store):
    now = datetime.now(UTC)
    count(form_id, form_store, [now] * 5)
    hours = aggregator.current().get_timeseries(form_id, granularity="hour")
    assert hours[-1]["count"] == 5
    sizes = {numbers().hlen(key) for key in numbers().scan_iter("form:*:timeseries:quarter*")}
    assert sizes == {1}


def test_bug_15_a_day_is_one_bucket_and_the_completion_rate_is_not_invented(form_id, form_store):
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    count(form_id, form_store, [noon + timedelta(microseconds=n * 1000) for n in (1, 2, 3)])
    assert aggregator.current().days(form_id) == {"2026-05-01": 3}
    assert aggregator.current().get_metrics(form_id)["completion_rate"] is None


def test_bug_15_the_rate_is_that_of_sessions_and_what_is_kept_by_the_minute_expires(
    form_id, form_store
):
    begun = SessionFactory(form_id=form_id, started_at=datetime.now(UTC))
    for session in (begun, SessionFactory(form_id=form_id, submitted=True)):
        form_store.merge_session(session)
        count_sessions([advanced(session)])
    assert aggregator.current().get_metrics(form_id)["completion_rate"] == 0.5
    count(form_id, form_store, [datetime.now(UTC)])
    aggregator.current().days(form_id)  # has what waits counted
    (minutes,) = numbers().scan_iter("form:*:timeseries:minute:*")
    assert 2 * 86_400 <= numbers().ttl(minutes) <= 3 * 86_400


def test_bug_16_a_response_counts_when_it_was_submitted_not_when_it_was_counted(
    form_id, form_store
):
    count(form_id, form_store, [datetime(2020, 2, 29, 23, 59, tzinfo=UTC)])
    assert aggregator.current().days(form_id) == {"2020-02-29": 1}
    assert aggregator.current().get_metrics(form_id)["today_submissions"] == 0


def test_bug_17_an_edit_and_a_delete_are_taken_back_from_every_number(form_id, form_store):
    world = World(form_id, form_store)
    kept = world.submit(data={"age": 40, "department": "it"})
    gone = world.submit(data={"age": 50, "department": "hr"})
    world.edit(kept, data={"age": 41, "department": "ops"})
    world.delete(gone)
    count_responses(world.events)
    live = aggregator.current()
    assert live.get_metrics(form_id)["total_responses"] == 1
    assert live.get_field_distribution(form_id, "department") == {"ops": 1}
    assert live.get_field_summary(form_id, "age").numbers.sum == 41


@pytest.mark.processes
def test_bug_17_a_response_is_one_command_and_counts_once(form_id, form_store, server, count_in):
    world = World(form_id, form_store)
    live = count_in(server.client())
    world.submit()
    count_responses(world.events)
    world.submit()
    for _ in range(2):
        count_responses(world.events[-1:])
    commands = server.client().info("commandstats")
    assert commands["cmdstat_fcall"]["calls"] - commands["cmdstat_fcall"]["failed_calls"] == 3
    assert live.get_metrics(form_id)["total_responses"] == 2


def test_bug_18_personal_answers_and_texts_never_reach_redis(form_id, form_store):
    world = World(form_id, form_store)
    secret = {"email": "someone@example.org", "note": "confidential words", "amount": 12345.5}
    world.submit(data=secret)
    count_responses(world.events)
    stored = b""
    for key in numbers().scan_iter(f"form:{{{form_id}}}:*"):
        stored += key + (numbers().dump(key) or b"")
    assert b"someone" not in stored
    assert b"confidential" not in stored
    assert b"email" in stored, "that it was answered is counted"
    assert aggregator.current().get_field_summary(form_id, "email").answered == 1


def test_bug_18_a_field_with_countless_values_takes_bounded_space(form_id, form_store):
    world = World(form_id, form_store)
    for age in range(250):
        world.submit(data={"age": age})
    first = world.live()[0]
    beyond = world.live()[-1]
    count_responses(world.events)
    world.edit(beyond, data={"age": 0})
    world.delete(first)
    count_responses(world.events)
    summary = aggregator.current().get_field_summary(form_id, "age")
    assert (len(summary.values), summary.other) == (200, 49)
    assert summary.values["0"] == 1
    assert sum(summary.values.values()) + summary.other == 249


@pytest.mark.processes
def test_bug_19_keys_of_a_form_share_a_hash_tag_and_names_cannot_break_out(server):
    for decode in (False, True):
        client = server.client(decode_responses=decode)
        live = FormAggregator(client)
        live.on_response_submitted("evil}:{x", {"a:b": 1})
        assert live.get_metrics("evil}:{x")["total_responses"] == 1 + decode
    assert {key.split("}")[0] for key in client.scan_iter()} == {"form:{evil%7D%3A%7Bx"}


def test_every_one_of_the_nineteen_has_a_test_by_its_number():
    tested = {int(found[1]) for name in globals() if (found := re.match(r"test_bug_(\d+)_", name))}
    assert tested == set(range(1, 20))
