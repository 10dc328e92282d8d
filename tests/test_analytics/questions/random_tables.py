"""Hypothesis strategies for cross-tabs."""

from hypothesis import strategies as st

from tests.test_analytics.questions.random_long_queries import (
    WEIGHTS,
    dimensions,
    filters,
    plain_filters,
    tops,
)
from tests.test_analytics.questions.random_spans import spans

FEW = ["department", "data.state", "score", "member", "tags", "source", "care.food", "version"]
TESTS = ["auto", "chi2", "fisher"]


@st.composite
def crosstabs(draw):
    groups = [draw(sides(place)) for place in range(2)]
    query = {"measures": ["count"], "shape": "crosstab", "group_by": groups, **draw(spans())}
    if draw(st.booleans()):
        query["filter"] = draw(st.one_of(filters, plain_filters))
    if draw(st.integers(0, 4)) == 0:
        query["weights"] = draw(st.sampled_from(WEIGHTS))
    untested = "weights" in query or any(
        each["field"] == "tags" and each.get("explode", True) for each in groups
    )
    if untested or draw(st.integers(0, 2)):
        query["test"] = "none" if untested else draw(st.sampled_from(TESTS))
    if draw(st.integers(0, 3)) == 0:
        query["having"] = {"count": {"$gte": draw(st.integers(1, 9))}}
    if draw(st.integers(0, 3)) == 0:
        query["limit"] = draw(st.integers(1, 12))
    if draw(st.integers(0, 3)) == 0:
        query["sort"] = [{"field": "count", "desc": draw(st.booleans())}]
    return query


@st.composite
def sides(draw, place):
    """One dimension of two, of a field that the other is not of."""
    if draw(st.integers(0, 4)) == 0:
        found = draw(dimensions(place))
    elif draw(st.integers(0, 4)) == 0:
        found = draw(tops())
    else:
        found = {"field": draw(st.sampled_from(FEW[place::2]))}
    if found["field"] not in FEW[place::2]:
        found = {"field": FEW[place]}
    if draw(st.integers(0, 3)) == 0:
        found["missing"] = "nobody"
    return found | {"as": f"side{place}"}
