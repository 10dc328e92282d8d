"""Hypothesis strategies for queries the live numbers may hold: they refuse some for good reason."""

from hypothesis import strategies as st

from tests.test_analytics.random_spans import SHORT, ZONES, ranges, spans

GRANULARITIES = ["quarter_hour", "hour", "day", "week", "month", "quarter", "year"]
SPREAD = ["department", "data.state", "tags", "score", "member", "age"]
NUMBERS = ["age", "amount", "score", "effort"]
NEED_RESPONSES = ("versions", "sample", "time_field")
ANSWERED = [
    *SPREAD, "amount", "born", "wakes", "seen", "note", "email", "care", "order", "scan", "effort",
]  # fmt: skip
FIGURES = {
    "count": ANSWERED,
    "missing": ANSWERED,
    **dict.fromkeys(("sum", "avg", "min", "max", "stddev", "variance"), NUMBERS),
    "nps": ["age", "effort"],
    "csat": ["score", "effort"],
    "ces": ["effort"],
}


@st.composite
def series(draw):
    group = {"field": "submitted_at", "granularity": draw(st.sampled_from(GRANULARITIES))}
    if draw(st.booleans()):
        group["timezone"] = draw(st.sampled_from(ZONES))
    query = {"measures": ["count"], "group_by": [group], **draw(spans())}
    if draw(st.integers(0, 2)):
        query["date_range"] = draw(st.one_of(ranges(), st.sampled_from(SHORT)))
    if draw(st.integers(0, 3)):
        query = {key: each for key, each in query.items() if key not in NEED_RESPONSES}
    if draw(st.booleans()):
        query["sort"] = [{"field": draw(st.sampled_from(["count", "_id"])), "desc": True}]
    return query | draw(pages())


@st.composite
def spreads(draw):
    query = {"measures": ["count"], "group_by": [draw(st.sampled_from(SPREAD))]}
    if draw(st.integers(0, 3)) == 0:
        query["having"] = {"count": {"$gte": draw(st.integers(0, 40))}}
    return query | draw(pages())


@st.composite
def figures(draw):
    found = []
    for number in range(draw(st.integers(1, 4))):
        op = draw(st.sampled_from(list(FIGURES)))
        field = draw(st.sampled_from(FIGURES[op]))
        found.append({"op": op, "field": field, "as": f"m{number}"})
    return {"measures": ["count", *found]} | draw(pages())


@st.composite
def pages(draw):
    page = {}
    if draw(st.integers(0, 3)) == 0:
        page["limit"] = draw(st.integers(1, 12))
    if draw(st.booleans()):
        page["include"] = ["share", "totals", "ci"]
    return page


held_queries = st.one_of(series(), spreads(), figures())
