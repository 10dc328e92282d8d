"""What stands beside the rows: shares, intervals, totals, cross-tabs, comparisons, pages."""

import math

import pytest
import time_machine

from analytics.query.errors import QueryError
from analytics.query_builder import explain_query, run_query
from tests.factories.forms import FormResponseFactory
from tests.test_analytics import study
from tests.test_analytics.study import START

LONG = {"measures": ["count"]}


@pytest.fixture
def store_answers(form_id, form_store):
    """Stores responses given as (answers, days after START)."""

    def store(*given):
        form_store.insert_responses(
            [
                FormResponseFactory(
                    form_id=form_id, data=data, submitted_at=START.replace(day=27 + days)
                )
                for data, days in given
            ]
        )
        return form_id

    return store


@pytest.fixture
def table(store_answers):
    """Of 8 in IT 6 were approved, of 4 in HR 1; one answer is missing."""
    cells = {("it", "approved"): 6, ("it", "rejected"): 2, ("hr", "approved"): 1}
    cells |= {("hr", "rejected"): 3, ("ops", None): 1}
    rows = [
        ({"department": d, "score": 3} | ({"status": s} if s else {}), 0)
        for (d, s), count in cells.items()
        for _ in range(count)
    ]
    return store_answers(*rows)


def refusal(form_id, query):
    with pytest.raises(QueryError) as refused:
        run_query(form_id, query)
    (error,) = refused.value.errors
    return error.field, error.code


def test_shares_and_their_intervals_are_of_all_that_match(table):
    query = LONG | {"group_by": ["department"], "include": ["share", "ci", "totals"]}
    found = run_query(table, query)
    assert [(row["department"], row["count"], row["share"]) for row in found.rows] == [
        ("it", 8, 8 / 13),
        ("hr", 4, 4 / 13),
        ("ops", 1, 1 / 13),
    ]
    low, high = found.rows[0]["ci"]
    assert (round(low, 4), round(high, 4)) == (0.3552, 0.8229)  # Wilson, by hand
    assert (found.totals, found.base_n) == ({"count": 13}, 13)


def test_a_weighted_share_is_as_sure_as_its_weights_are_even(store_answers):
    form_id = store_answers(
        ({"department": "it", "amount": 3.0}, 0),
        ({"department": "hr", "amount": 1.0}, 0),
        ({"department": "hr"}, 0),
        ({"department": "hr", "amount": 0.0}, 0),
    )
    query = LONG | {"group_by": ["department"], "weights": "amount", "include": ["share", "ci"]}
    found = run_query(form_id, query)
    assert [(row["count"], row["share"]) for row in found.rows] == [(3, 0.75), (1, 0.25)]
    low, high = found.rows[0]["ci"]
    z2 = 1.959963984540054**2
    base = 16 / 10  # (3 + 1)² / (9 + 1)
    middle = (0.75 + z2 / (2 * base)) / (1 + z2 / base)
    assert math.isclose((low + high) / 2, middle)
    assert found.base_n == 4
    assert found.weighting == {"n": 2, "sum": 4, "effective_n": 1.6, "design_effect": 1.25}
    assert run_query(form_id, {"aggregate": "count"}).weighting is None


def test_a_crosstab_has_margins_shares_and_a_test_without_the_missing(table):
    query = LONG | {"group_by": ["department", "data.state"], "shape": "crosstab"}
    found = run_query(table, query).crosstab
    assert found["rows"] == ["it", "hr", "ops"]
    assert found["columns"] == ["approved", "rejected", None]
    assert found["counts"] == [[6, 2, 0], [1, 3, 0], [0, 0, 1]]
    assert (found["row_totals"], found["column_totals"]) == ([8, 4, 1], [7, 5, 1])
    assert found["row_shares"][0] == [0.75, 0.25, 0]
    assert found["association"]["test"] == "fisher"
    assert math.isclose(found["association"]["p_value"], (112 + 8 + 56) / 792)
    assert {cell["row"] for cell in found["residuals"]} == {"it", "hr"}


def test_what_a_crosstab_cannot_test_is_refused_with_the_way_out(table):
    crosstab = LONG | {"shape": "crosstab"}
    assert refusal(table, crosstab | {"group_by": ["department"]}) == ("shape", "not_allowed")
    tags = crosstab | {"group_by": ["department", "tags"]}
    assert refusal(table, tags) == ("test", "not_allowed")
    assert run_query(table, tags | {"test": "none"}).crosstab["association"] is None
    three = crosstab | {"group_by": ["department", "score"], "test": "fisher"}
    assert run_query(table, three).crosstab["association"] is None


@time_machine.travel("2026-03-30T12:00:00Z", tick=False)
def test_a_comparison_sets_buckets_side_by_side_by_their_number(store_answers):
    form_id = store_answers(*[({"age": 1}, day) for day in (0, 0, 1, 2, 2, 2, 3)])
    query = LONG | {
        "group_by": [{"field": "submitted_at", "granularity": "day", "as": "day"}],
        "date_range": ["2026-03-29", "2026-03-30"],
        "compare": "previous_period",
    }
    assert run_query(form_id, query).rows == [
        {"day": "2026-03-29", "count": 3, "previous": {"count": 2}},
        {"day": "2026-03-30", "count": 1, "previous": {"count": 1}},
    ]
    earlier = query | {"compare": "previous_year"}
    assert [row["previous"] for row in run_query(form_id, earlier).rows] == [None, None]
    assert refusal(form_id, {**query, "date_range": None}) == ("compare", "required")


def test_empty_buckets_are_shown_between_the_ends_of_a_span(store_answers):
    form_id = store_answers(({"age": 1}, 0), ({"age": 2}, 3))
    by_day = LONG | {"group_by": ["submitted_at"], "include": ["empty_buckets"]}
    counts = [(row["submitted_at"], row["count"]) for row in run_query(form_id, by_day).rows]
    assert counts == [("2026-03-27", 1), ("2026-03-28", 0), ("2026-03-29", 0), ("2026-03-30", 1)]
    hours = by_day | {
        "group_by": [{"field": "submitted_at", "granularity": "hour"}],
        "date_range": ["2026-03-29", "2026-03-29"],
        "timezone": "Europe/Paris",
    }
    labels = [row["submitted_at"] for row in run_query(form_id, hours).rows]
    assert len(labels) == 23  # the clocks go forward
    assert labels[1:3] == ["2026-03-29T01:00+0100", "2026-03-29T03:00+0200"]
    two = by_day | {"group_by": ["submitted_at", "age"]}
    assert refusal(form_id, two) == ("include", "not_allowed")


def test_an_empty_bucket_has_no_different_answers_and_a_cycle_is_always_whole(store_answers):
    form_id = store_answers(({"age": 1}, 0), ({"age": 2}, 2))
    distinct = {"measures": [{"op": "count_distinct", "field": "age", "as": "ages"}]}
    query = distinct | {"group_by": ["submitted_at"], "include": ["empty_buckets"]}
    assert [row["ages"] for row in run_query(form_id, query).rows] == [1, 0, 1]
    by_weekday = query | {"group_by": [{"field": "submitted_at", "granularity": "day_of_week"}]}
    nobody = by_weekday | {"filter": {"age": 9}}
    assert [row["ages"] for row in run_query(form_id, nobody).rows] == [0] * 7


def test_weighted_responses_have_bins_and_empty_buckets_as_others_do(store_answers):
    form_id = store_answers(({"age": 10, "score": 2}, 0), ({"age": 30, "score": 3}, 2))
    store_answers(({"age": 90}, 4))
    query = LONG | {"weights": "score", "group_by": [{"field": "age", "bins": {"count": 2}}]}
    assert run_query(form_id, query).rows == [
        {"age": "<20", "count": 2},
        {"age": "≥20", "count": 3},
    ]
    days = query | {"group_by": ["submitted_at"], "include": ["empty_buckets"]}
    assert [row["count"] for row in run_query(form_id, days).rows] == [2, 0, 3]


def test_the_offset_of_a_query_is_left_out_behind_its_cursor(store_answers):
    form_id = store_answers(*[({"age": age}, 0) for age in range(10)])
    query = LONG | {"group_by": ["age"], "sort": {"field": "age"}, "limit": 3, "offset": 2}
    first = run_query(form_id, query)
    second = run_query(form_id, query | {"after": first.next})
    assert [row["age"] for row in (*first.rows, *second.rows)] == [2, 3, 4, 5, 6, 7]


def test_a_crosstab_counts_whole_responses_or_says_so(table):
    crosstab = {"shape": "crosstab", "group_by": ["department", "state"]}
    for measure in (
        {"op": "count", "field": "age"},
        {"op": "count", "filter": {"department": "it"}},
    ):
        asked = crosstab | {"measures": [measure]}
        assert refusal(table, asked) == ("shape", "not_allowed")


def test_pages_by_cursor_hold_every_row_once_while_rows_come_and_go(store_answers, form_store):
    form_id = store_answers(*[({"age": age}, 0) for age in range(10)])
    query = LONG | {"group_by": ["age"], "sort": {"field": "age"}, "limit": 4}
    first = run_query(form_id, query)
    store_answers(({"age": -1}, 0))
    second = run_query(form_id, query | {"after": first.next})
    third = run_query(form_id, query | {"after": second.next})
    ages = [row["age"] for page in (first, second, third) for row in page.rows]
    assert ages == list(range(10))
    assert (first.truncated, third.truncated, third.next) == (True, False, None)
    other = query | {"sort": {"field": "count"}, "after": first.next}
    assert refusal(form_id, other) == ("after", "invalid_cursor")
    assert refusal(form_id, query | {"after": "bm8"}) == ("after", "invalid_cursor")


def test_a_query_of_too_many_groups_is_refused(store_answers, monkeypatch):
    monkeypatch.setattr("analytics.query.limits.MAX_GROUPS", 3)
    form_id = store_answers(*[({"age": age}, 0) for age in range(4)])
    assert refusal(form_id, LONG | {"group_by": ["age"]}) == ("group_by", "too_many_groups")
    top = LONG | {"group_by": [{"field": "score", "top": 2}]}
    assert run_query(form_id, top).rows == [{"score": None, "count": 4}]


def test_an_explanation_names_the_engine_the_reason_and_the_pipeline(table):
    found = explain_query(table, {"aggregate": "median", "value": "age", "group_by": "department"})
    assert found["engine"] == "columnar"
    assert found["refused"]["rollup"] == "by groups only responses are counted"
    assert found["pipeline"] is None
    plain = explain_query(table, {"aggregate": "count", "group_by": ["department", "member"]})
    assert plain["pipeline"][0]["$group"]["_id"] == {
        "d0": {"$ifNull": ["$data.department", None]},
        "d1": {"$ifNull": ["$data.member", None]},
    }
    assert plain["responses"] == 13


def test_options_grouped_by_twice_are_left_to_the_columns(store_answers):
    form_id = store_answers(({"tags": ["red", "blue"]}, 0))
    query = LONG | {"group_by": [{"field": "tags", "top": 2, "as": "most"}, "tags"]}
    rows = [tuple(row.values()) for row in run_query(form_id, query).rows]
    assert rows == [(one, two, 1) for one in ("blue", "red") for two in ("blue", "red")]
    assert explain_query(form_id, query)["pipeline"] is None


def test_a_sample_is_the_same_responses_for_the_same_seed(form_id, form_store):
    form_store.insert_responses(study.responses(form_id, 2000))
    shares = []
    for seed in (0, 1):
        query = LONG | {"sample": {"rate": 0.25, "seed": seed}}
        one, two = (run_query(form_id, query).rows[0]["count"] for _ in range(2))
        assert one == two
        shares.append(one)
    assert all(450 < count < 550 for count in shares)
    assert run_query(form_id, LONG | {"sample": {"rate": 1}}).rows == [{"count": 2000}]


@pytest.mark.parametrize("granularity", ["year", "quarter"])
def test_a_series_ends_with_the_calendar(store_answers, granularity):
    form_id = store_answers(({}, 0))
    query = LONG | {
        "group_by": [{"field": "submitted_at", "granularity": granularity}],
        "date_range": ["9990-01-01", "9999-12-30"],
        "include": ["empty_buckets"],
    }
    labels = [row["submitted_at"] for row in run_query(form_id, query).rows]
    parts = {"year": [""], "quarter": [f"-Q{n}" for n in (1, 2, 3, 4)]}[granularity]
    assert labels == [f"{year}{part}" for year in range(9990, 10_000) for part in parts]


def test_a_series_that_begins_before_the_calendar_of_its_zone_is_refused(store_answers):
    form_id = store_answers(({}, 0))
    query = LONG | {
        "group_by": [{"field": "submitted_at", "timezone": "America/New_York"}],
        "date_range": ["0001-01-01", "0001-02-01"],
        "include": ["empty_buckets"],
    }
    assert refusal(form_id, query) == ("date_range", "out_of_range")
