"""Hypothesis strategies for valid queries of the long form over the study."""

from hypothesis import strategies as st

from tests.test_analytics.random_queries import (
    COMPARED,
    GROUPS,
    OPERANDS,
    SUMMED,
    ZONES,
    comparisons,
    nested,
)

GRANULARITIES = [
    "minute", "quarter_hour", "hour", "day", "week", "month", "quarter", "year", "hour_of_day",
    "day_of_week",
]  # fmt: skip
OF_DATES = ["day", "week", "month", "quarter", "year", "day_of_week"]
SINGLE = [*COMPARED, "department", "note", "member"]
FIGURES = {
    "count": [*SINGLE, "email", "tags", "scan"],
    "missing": [*SINGLE, "email", "tags"],
    "count_distinct": [*SINGLE, "email", "tags"],
    "sum": SUMMED,
    "avg": SUMMED,
    "min": COMPARED,
    "max": COMPARED,
    "median": SUMMED,
    "percentile": SUMMED,
    "stddev": SUMMED,
    "variance": SUMMED,
    "mode": SINGLE,
    "first": SINGLE,
    "last": SINGLE,
    "nps": ["score", "age"],
}
NOISY = {"sum", "avg", "stddev", "variance", "median", "percentile", "ratio", "nps"}
"""Their last digits differ with the order of adding, so rows can't be ordered by them here."""
VALUES = {"min", "max", "mode", "first", "last"}
TELLING = {"field", "granularity", "bins", "explode"}
"""What makes two groups different, the zone apart, which may be the query's own."""
TEXTS = ["$contains", "$icontains", "$starts_with", "$ends_with"]


@st.composite
def special_comparisons(draw):
    kind = draw(st.sampled_from(["text", "options", "between", "empty", "not"]))
    if kind == "text":
        needle = draw(
            st.sampled_from(["a", "A", "Zo", "\u00eb", "$", ".", "\U0001f600", "Zoe\u0308"])
        )
        return {"note": {draw(st.sampled_from(TEXTS)): needle}}
    if kind == "options":
        operator = draw(st.sampled_from(["$any", "$all", "$none"]))
        options = st.lists(st.sampled_from(["red", "Green", "blue"]), min_size=1, max_size=2)
        return {"tags": {operator: draw(options)}}
    if kind == "empty":
        name = draw(st.sampled_from(["note", "tags", "age", "seen", "department"]))
        return {name: {"$empty": draw(st.booleans())}}
    name = draw(st.sampled_from(["age", "data.amount", "born", "seen", "submitted_at", "wakes"]))
    operand = st.sampled_from(OPERANDS[name])
    if kind == "between":
        return {name: {"$between": [draw(operand), draw(operand)]}}
    return {name: {"$not": {draw(st.sampled_from(["$gt", "$lte", "$eq"])): draw(operand)}}}


plain_filters = st.recursive(comparisons(), nested, max_leaves=5)
filters = st.recursive(st.one_of(comparisons(), special_comparisons()), nested, max_leaves=5)


IN_PIPELINES = ["count", "missing", "sum", "avg", "min", "max", "stddev", "variance"]
"""What the document database is asked for."""


@st.composite
def measures(draw, *, plain=False):
    found, names = [], []
    for number in range(draw(st.integers(1, 4))):
        op = draw(st.sampled_from(IN_PIPELINES if plain else list(FIGURES)))
        measure = {"op": op, "as": f"m{number}"}
        if op != "count" or draw(st.booleans()):
            measure["field"] = draw(st.sampled_from(FIGURES[op]))
        if op == "percentile":
            measure["p"] = draw(st.sampled_from([0, 5, 50, 95, 99.9, 100]))
        if not plain and draw(st.integers(0, 3)) == 0:
            measure["filter"] = draw(filters)
        if op in ("count", "missing", "sum"):
            names.append(measure["as"])
        found.append(measure)
    if names and draw(st.integers(0, 3)) == 0:
        pair = {"num": draw(st.sampled_from(names)), "den": draw(st.sampled_from(names))}
        found.append({"op": "ratio", "as": "r", **pair})
    return found


@st.composite
def dimensions(draw, number):
    name = draw(st.sampled_from(GROUPS))
    found = {"field": name, "as": f"g{number}"}
    if name in ("submitted_at", "seen"):
        found["granularity"] = draw(st.sampled_from(GRANULARITIES))
        if draw(st.booleans()):
            found["timezone"] = draw(st.sampled_from(ZONES))
    elif name == "born" and draw(st.booleans()):
        found["granularity"] = draw(st.sampled_from(OF_DATES))
    elif name in ("age", "amount", "score") and draw(st.booleans()):
        bins = [{"width": 2}, {"width": 0.1}, {"count": 4}, [0, 17, 64], [2.5]]
        found["bins"] = draw(st.sampled_from(bins))
    elif name == "tags" and draw(st.integers(0, 2)) == 0:
        found["explode"] = False
    if draw(st.integers(0, 3)) == 0:
        found["missing"] = "none"
    return found


@st.composite
def tops(draw):
    name = draw(st.sampled_from(["department", "score", "note", "age", "amount", "member", "tags"]))
    found = {"field": name, "as": "t", "top": draw(st.integers(1, 3))}
    if draw(st.booleans()):
        found["other"] = True
    return found


@st.composite
def groupings(draw):
    if draw(st.integers(0, 4)) == 0:
        return [draw(tops())]
    count = draw(st.integers(0, 3))
    return [draw(dimensions(number)) for number in range(count)]


@st.composite
def having(draw, names):
    operator = draw(st.sampled_from(["$gt", "$gte", "$lt", "$lte", "$ne"]))
    test = {draw(st.sampled_from(names)): {operator: draw(st.sampled_from([0, 1, 5, 17.5]))}}
    return draw(st.sampled_from([test, {"$not": test}, {"$or": [test, test]}]))


@st.composite
def long_queries(draw, *, plain=False):
    """`plain` ones ask for nothing that only columns can do, as a rule."""
    query = {"measures": draw(measures(plain=plain))}
    groups = draw(groupings())
    distinct = {tuple(sorted((k, str(v)) for k, v in g.items() if k in TELLING)) for g in groups}
    if groups and len(distinct) == len(groups):
        query["group_by"] = groups
    else:
        groups = []
    if draw(st.integers(0, 2)):
        query["filter"] = draw(plain_filters if plain else filters)
    query |= draw(spans())
    numeric = [m["as"] for m in query["measures"] if m["op"] not in VALUES]
    if numeric and draw(st.integers(0, 3)) == 0:
        query["having"] = draw(having(numeric))
    exact = [m["as"] for m in query["measures"] if m["op"] not in NOISY]
    columns = ["_id", *exact, *(g["as"] for g in groups)]
    if draw(st.booleans()) or query["measures"][0]["op"] in NOISY:
        picked = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=2, unique=True))
        query["sort"] = [{"field": name, "desc": draw(st.booleans())} for name in picked]
    if draw(st.booleans()):
        query["limit"] = draw(st.integers(1, 12))
    if draw(st.integers(0, 3)) == 0:
        query["offset"] = draw(st.integers(0, 5))
    if draw(st.integers(0, 2)) == 0:
        query["include"] = ["share", "totals"]
    return query


@st.composite
def spans(draw):
    found = {}
    if draw(st.booleans()):
        found["timezone"] = draw(st.sampled_from(ZONES))
    if draw(st.integers(0, 2)) == 0:
        days = ["2026-03-27", "2026-03-29", "2026-10-25", None]
        first = draw(st.sampled_from(days))
        last = draw(
            st.sampled_from([d for d in [*days, "2026-12-31"] if None in (d, first) or d >= first])
        )
        found["date_range"] = draw(
            st.sampled_from(["all", "this_year", "last_400_days", [first, last]])
        )
    if draw(st.integers(0, 3)) == 0:
        found["week_start"] = draw(st.sampled_from(["monday", "sunday", "saturday"]))
    if draw(st.integers(0, 3)) == 0:
        found["versions"] = draw(st.sampled_from(["all", "latest", [1], [2, 7]]))
    return found
