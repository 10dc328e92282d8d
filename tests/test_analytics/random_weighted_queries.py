"""Hypothesis strategies for queries in which responses count by a weight."""

from hypothesis import strategies as st

from tests.test_analytics.random_long_queries import FIGURES, dimensions, filters, spans

WEIGHTS = ["score", "age", "data.amount"]
"""Some of whose answers are no weights: they are missing, 0 or below."""
FIRST = {"op": "count", "as": "m0"}


@st.composite
def measures(draw):
    found = [FIRST]
    for number in range(1, draw(st.integers(1, 4))):
        op = draw(st.sampled_from(["count", "missing", "sum", "avg"]))
        field = draw(st.sampled_from(FIGURES[op]))
        found.append({"op": op, "field": field, "as": f"m{number}"})
    if draw(st.integers(0, 3)) == 0:
        found.append({"op": "ratio", "as": "r", "num": found[-1]["as"], "den": "m0"})
    return found


@st.composite
def weighted_queries(draw):
    query = {"measures": draw(measures()), "weights": draw(st.sampled_from(WEIGHTS))}
    group = draw(st.one_of(st.none(), dimensions(0)))
    if group is not None and not isinstance(group.get("bins"), dict):
        query["group_by"] = [group]
        names = ["_id", group["as"]]
        query["sort"] = [{"field": draw(st.sampled_from(names)), "desc": draw(st.booleans())}]
    if draw(st.booleans()):
        query["filter"] = draw(filters)
    if draw(st.booleans()):
        query["include"] = ["share", "totals"]
    return query | draw(spans())
