"""A comparison sets each row beside what pandas makes of the other span."""

import pytest
from hypothesis import HealthCheck, assume, given, settings as hypothesis_settings, strategies as st

from analytics.query_builder import run_query
from formplatform.core import clock
from tests.test_analytics import pandas_oracle, study
from tests.test_analytics.agreement import alike
from tests.test_analytics.random_long_queries import long_queries

SPANS = [
    ["2026-03-27", "2026-03-28"],
    ["2026-03-29", "2026-03-30"],
    ["2026-10-25", "2026-10-27"],
    ["2025-01-01", "2025-12-31"],
    ["2026-01-01", "2026-12-31"],
]
LEFT_OUT = ("sort", "limit", "offset", "having", "include", "date_range", "versions")
LOOKED_UP = ("granularity", "top")
"""What makes groups of one span that the other has not: buckets, most frequent values."""


class Responses(list):
    def __repr__(self):
        return f"<{len(self)} responses>"


@pytest.fixture
def responses(form_id, form_store):
    found = Responses(study.responses(form_id, 90))
    form_store.insert_responses(found)
    return found


def key_of(row, groups):
    return tuple(str(pandas_oracle.plain(row[each["as"]])) for each in groups)


@hypothesis_settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(query=long_queries(), spans=st.permutations(SPANS))
def test_previous_figures_are_those_of_the_other_span(form_id, responses, query, spans):
    here, there, *_ = spans
    query = {key: value for key, value in query.items() if key not in LEFT_OUT}
    groups = query.get("group_by", [])
    assume(not any(name in each for each in groups for name in LOOKED_UP))
    assume(not any(isinstance(each.get("bins"), dict) for each in groups))
    assume(not any(each["field"] in ("submitted_at", "seen") for each in groups))
    asked = query | {"date_range": here, "compare": there, "limit": 10_000, "engine": "columnar"}
    rows = run_query(form_id, asked).rows
    page = query | {"date_range": there, "limit": 10_000}
    expected = pandas_oracle.answer(page, responses, now=clock.now())["rows"]
    figures = [each["as"] for each in query["measures"]]
    before = {key_of(row, groups): {name: row[name] for name in figures} for row in expected}
    for row in rows:
        assert alike(row["previous"], before.get(key_of(row, groups)))
