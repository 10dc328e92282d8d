"""Which moments a span names, above all while clocks change."""

import pytest
import time_machine

from analytics.query.errors import QueryError
from analytics.query_builder import QueryDSL, explain_query, run_query
from tests.factories.forms import FormResponseFactory
from tests.test_analytics import study
from tests.test_analytics.study import START

LONG = {"measures": ["count"]}
PARIS = LONG | {"timezone": "Europe/Paris"}
IN_THE_REPEATED_HOUR = "2026-10-25T01:30:15Z"
"""02:30 in Paris for the second time."""


def span(form_id, query):
    return explain_query(form_id, query)["span"]


@pytest.fixture
def store_days(form_id, form_store):
    def store(*days):
        moments = [START.replace(day=27 + day) for day in days]
        form_store.insert_responses(
            [FormResponseFactory(form_id=form_id, data={}, submitted_at=each) for each in moments]
        )
        return form_id

    return store


@time_machine.travel(IN_THE_REPEATED_HOUR, tick=False)
@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("last_30_minutes", "01:01:00", "01:31:00"),
        ("this_hour", "01:00:00", "02:00:00"),
        ("last_hour", "00:00:00", "01:00:00"),
        ("last_2_hours", "00:00:00", "02:00:00"),
        ([{"$now": "-5min"}, {"$now": "+1h/h"}], "01:25:15", "02:00:00"),
        ([{"$now": "-1h/h"}, {"$now": "-0d"}], "00:00:00", "01:30:15"),
    ],
)
def test_minutes_and_hours_pass_while_the_clock_shows_an_hour_twice(form_id, asked, start, end):
    found = span(form_id, PARIS | {"date_range": asked})
    assert found == [f"2026-10-25T{start}.000Z", f"2026-10-25T{end}.000Z"]


@time_machine.travel(IN_THE_REPEATED_HOUR, tick=False)
def test_days_go_by_the_calendar_whatever_the_clocks_do(form_id):
    today = span(form_id, PARIS | {"date_range": "today"})
    assert today == ["2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"]
    steps = PARIS | {"date_range": [{"$now": "-1d"}, {"$now": "+1d/d"}]}
    assert span(form_id, steps) == ["2026-10-24T00:30:15.000Z", "2026-10-25T23:00:00.000Z"]


@time_machine.travel("2026-03-30T12:00:00Z", tick=False)
def test_a_day_without_a_midnight_begins_an_hour_later(form_id):
    beirut = LONG | {"timezone": "Asia/Beirut", "date_range": "yesterday"}
    assert span(form_id, beirut) == ["2026-03-28T22:00:00.000Z", "2026-03-29T21:00:00.000Z"]


@time_machine.travel("2026-03-30T12:00:00Z", tick=False)
def test_a_comparison_takes_the_name_of_any_span(store_days):
    form_id = store_days(0, 1, 2, 2, 3)
    query = LONG | {"date_range": "today", "compare": "yesterday"}
    assert run_query(form_id, query).rows == [{"count": 1, "previous": {"count": 2}}]
    with pytest.raises(QueryError) as refused:
        run_query(form_id, query | {"compare": "previous_perod"})
    assert 'Did you mean "previous_period"?' in str(refused.value)


def test_buckets_are_set_beside_each_other_from_two_beginnings(store_days):
    form_id = store_days(0, 2, 2, 3)
    query = LONG | {"group_by": ["submitted_at"], "date_range": ["2026-03-29", "2026-03-30"]}
    for spans in (
        {"compare": [None, "2026-03-28"]},
        {"date_range": "all", "compare": ["2026-03-27", "2026-03-28"]},
    ):
        with pytest.raises(QueryError) as refused:
            run_query(form_id, query | spans)
        (error,) = refused.value.errors
        assert (error.field, error.code) == ("compare", "required")
    whole = LONG | {"compare": [None, "2026-03-28"]}
    assert run_query(form_id, whole).rows == [{"count": 4, "previous": {"count": 1}}]


@time_machine.travel("2026-03-28T12:00:00Z", tick=False)
def test_what_lies_after_now_is_beside_nothing(store_days):
    form_id = store_days(0, 1, 2, 3)
    query = LONG | {
        "group_by": ["submitted_at"],
        "date_range": ["2026-03-28", None],
        "compare": ["2026-03-27", None],
    }
    previous = {row["submitted_at"]: row["previous"] for row in run_query(form_id, query).rows}
    assert previous == {"2026-03-28": {"count": 1}, "2026-03-29": None, "2026-03-30": None}


def test_the_span_of_all_times_is_every_time_there_is_in_a_pipeline_too():
    everything = LONG | {"filter": {"submitted_at": {"$date_range": "all"}}}
    pipeline = QueryDSL(study.version("a" * 24)).to_mongo_pipeline(everything)
    assert pipeline[0] == {"$match": {"submitted_at": {"$ne": None}}}
