"""The live numbers answer only what they hold, and then exactly what the columns say."""

import math
from datetime import timedelta

import pytest

from analytics.counting import count_responses
from analytics.query_builder import explain_query, run_query
from formplatform.core import clock
from formplatform.core.connections import numbers
from tests.test_analytics.world import World

ZONES = ["UTC", "Europe/Paris", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe"]
GRANULARITIES = ["quarter_hour", "hour", "day", "week", "month", "quarter", "year"]
FIGURES = ["sum", "avg", "min", "max", "stddev", "variance", "count", "missing"]

HELD = [
    {"measures": ["count"]},
    *(
        {"aggregate": "count", "group_by": {"field": "submitted_at", "granularity": each}}
        | {"timezone": zone}
        for each in GRANULARITIES[1:]
        for zone in ZONES
    ),
    *(
        {"aggregate": "count", "group_by": {"field": "submitted_at", "granularity": "quarter_hour"}}
        | {"timezone": zone, "date_range": ["2026-03-28", "2026-03-29"]}
        for zone in ZONES
    ),
    *({"aggregate": "count", "group_by": name} for name in ("department", "score", "member")),
    {"aggregate": "count", "group_by": "tags", "include": ["share", "totals"]},
    *(
        {"aggregate": figure, "value": name}
        for figure in FIGURES
        for name in ("age", "amount", "score")
    ),
    {
        "measures": [
            {"op": "nps", "field": "effort"},
            *({"op": "csat", "field": name} for name in ("score", "effort")),
            {"op": "ces", "field": "effort"},
            {"op": "count", "field": "age", "filter": {"age": {"$between": [1, 18]}}},
        ],
        "include": ["ci", "totals"],
    },
    {
        "measures": ["count"],
        "group_by": {"field": "submitted_at", "granularity": "hour", "timezone": "Asia/Kathmandu"},
        "date_range": ["2026-03-28", "2026-10-26"],
        "include": ["empty_buckets"],
    },
]
NOT_HELD = [
    ({"aggregate": "count", "filter": {"member": True}}, "filters"),
    ({"aggregate": "count", "date_range": ["2026-03-28", None]}, "span"),
    ({"aggregate": "median", "value": "age"}, "median"),
    ({"aggregate": "avg", "value": "age", "group_by": "department"}, "by groups"),
    ({"aggregate": "count", "group_by": ["department", "member"]}, "two groups"),
    ({"aggregate": "count", "group_by": "note"}, "values are not kept"),
    ({"aggregate": "count", "group_by": "amount"}, "values are not kept"),
    ({"aggregate": "count", "group_by": "care.food"}, "values are not kept"),
    ({"aggregate": "count", "weights": "score"}, "weights"),
    ({"aggregate": "csat", "value": "score", "weights": "amount"}, "weights"),
    ({"aggregate": "ces", "value": "effort", "group_by": "department"}, "by groups"),
    (
        {"measures": [{"op": "sum", "field": "age", "filter": {"age": {"$between": [1, 18]}}}]},
        "sum between bounds",
    ),
    (
        {"measures": [{"op": "avg", "field": "age", "filter": {"age": {"$gte": 1}}}]},
        "the filter of a measure",
    ),
    (
        {
            "measures": [
                {"op": "count", "field": "amount", "filter": {"amount": {"$between": [0, 1]}}}
            ]
        },
        "its values are not kept",
    ),
    (
        {"aggregate": "count", "group_by": "submitted_at", "week_start": "sunday"}
        | {"group_by": {"field": "submitted_at", "granularity": "week"}},
        "buckets",
    ),
    (
        {"aggregate": "count", "group_by": {"field": "score", "bins": {"width": 2}}},
        "another way",
    ),
]


def dispatched(world):
    """Everything is counted and has left the outbox."""
    count_responses(world.events)
    world.store.mark_dispatched(
        {each.id: each.revision for each in world.responses.values()}, at=clock.now()
    )


@pytest.fixture
def world(form_id, form_store):
    world = World(form_id, form_store, seed=7)
    for _ in range(150):
        world.act()
    for response in world.live():
        if response.data.get("tags") == []:  # no answer, as submissions are stored
            world.edit(response, data={**response.data, "tags": ["red"]})
    dispatched(world)
    return world


def close(left, right):
    if isinstance(left, float) and isinstance(right, int | float):
        return math.isclose(left, right, rel_tol=1e-12)
    return left == right


def same(rows, others):
    return [list(row) for row in rows] == [list(row) for row in others] and all(
        close(one[name], two[name]) for one, two in zip(rows, others, strict=True) for name in one
    )


@pytest.mark.parametrize("query", HELD, ids=str)
def test_what_they_hold_they_answer_as_the_columns_do(world, query):
    columns = run_query(world.form_id, query | {"engine": "columnar"})
    found = run_query(world.form_id, query)
    assert explain_query(world.form_id, query)["reason"] == found.reason
    if query.get("aggregate") in ("min", "max") and found.engine == "columnar":
        assert "taken back" in found.reason
    else:
        assert found.engine == "rollup", found.reason
    assert same(found.rows, columns.rows), f"{found.rows}\n{columns.rows}"
    assert (found.base_n, found.totals) == (columns.base_n, columns.totals)


@pytest.mark.parametrize(("query", "why"), NOT_HELD, ids=str)
def test_what_they_do_not_hold_is_computed_elsewhere_and_the_answer_says_why(world, query, why):
    found = run_query(world.form_id, query)
    assert found.engine != "rollup"
    assert f"not rollup: {why}" in found.reason or why in found.reason


def test_a_response_that_is_not_counted_yet_is_in_the_answer(world):
    world.submit()
    found = run_query(world.form_id, {"aggregate": "count"})
    assert (found.engine, found.rows[0]["value"]) != ("rollup", len(world.live()))
    assert found.rows[0]["value"] == len(world.live())
    assert "waiting to be counted" in found.reason
    dispatched(world)
    found = run_query(world.form_id, {"aggregate": "count"})
    assert (found.engine, found.rows[0]["value"]) == ("rollup", len(world.live()))


def test_lost_numbers_are_not_taken_for_no_responses(world, empty_redis):
    numbers().flushdb()
    found = run_query(world.form_id, {"aggregate": "count"})
    assert found.engine != "rollup"
    assert found.rows[0]["value"] == len(world.live())
    assert "nothing is counted" in found.reason


def test_a_span_that_cuts_a_quarter_of_an_hour_needs_the_responses(world):
    first = world.live()[0].submitted_at
    query = {
        "aggregate": "count",
        "group_by": {"field": "submitted_at", "granularity": "hour"},
        "date_range": [clock.to_text(first + timedelta(minutes=1)), None],
    }
    found = run_query(world.form_id, query)
    assert found.engine != "rollup"
    assert "quarter of an hour" in found.reason
