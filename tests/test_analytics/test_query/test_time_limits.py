"""A query that takes longer than it may is refused, whichever engine works on it."""

import time

import pytest

from analytics.answering.stopwatch import Stopwatch
from analytics.columns import COLUMNS
from analytics.query import limits
from analytics.query_builder import run_query
from formplatform.forms.storage.base import QueryTimeoutError
from tests.test_analytics import study

SLOW = {
    "measures": [{"op": "median", "field": "age", "as": f"m{n}"} for n in range(20)],
    "group_by": ["department", "data.state", "tags", "score", "member", "born"],
    "engine": "columnar",
}


@pytest.fixture
def form(form_id, form_store):
    form_store.insert_responses(study.responses(form_id, 2_000))
    return form_id


def test_columns_that_take_longer_are_refused_like_a_slow_database(form, monkeypatch):
    answer = run_query(form, SLOW)
    assert answer.base_n == 2_000
    monkeypatch.setattr(limits, "MIN_TIME_MS", 1)
    with pytest.raises(QueryTimeoutError) as refused:
        run_query(form, SLOW | {"max_time_ms": 1})
    assert (refused.value.status, refused.value.code) == (422, "query_timeout")
    assert refused.value.data == {"max_time_ms": 1}
    assert run_query(form, SLOW).rows == answer.rows


def test_reading_the_columns_for_the_first_time_is_not_counted(form, monkeypatch):
    get, waited = COLUMNS.get, []

    def get_slowly(*asked, **given):
        waited.append(time.sleep(0.2))
        return get(*asked, **given)

    monkeypatch.setattr(COLUMNS, "get", get_slowly)
    count = {"aggregate": "count", "engine": "columnar", "max_time_ms": 150}
    assert run_query(form, count).rows == [{"_id": None, "value": 2_000}]
    assert len(waited) == 1


def test_the_steps_of_a_query_share_its_time():
    watch = Stopwatch()
    with watch.step(60_000) as first:
        pass
    watch.spent_ms += 59_000
    with watch.step(60_000) as second:
        pass
    assert first == 60_000
    assert 900 <= second <= 1_000
    watch.spent_ms += 1_000
    with pytest.raises(QueryTimeoutError), watch.step(60_000):
        pytest.fail("no further step begins")
