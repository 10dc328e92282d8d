"""Hypothesis strategies for valid queries of the long form over the study."""

from hypothesis import strategies as st

from tests.test_analytics.random_queries import (
    COMPARED,
    GROUPS,
    OPERANDS,
    SUMMED,
    column_of,
    comparisons,
    nested,
)
from tests.test_analytics.random_spans import LONG, NOW, SHORT, ZONES, spans

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
    "csat": ["score", "effort"],
    "ces": ["effort"],
}
SCORES = ["nps", "csat", "ces"]
NOISY = {"sum", "avg", "stddev", "variance", "median", "percentile", "ratio", *SCORES}
"""Their last digits differ with the order of adding: see `loose_order`."""
VALUES = {"min", "max", "mode", "first", "last"}
TELLING = {"granularity", "bins", "explode"}
"""What makes two groups different, the zone apart, which may be the query's own."""
TEXTS = ["$contains", "$icontains", "$starts_with", "$ends_with"]


NEEDLES = ["a", "A", "Zo", "\u00eb", "$", ".", "\U0001f600", "Zoe\u0308"]
EMPTIED = ["note", "tags", "age", "seen", "department"]
ORDERED = ["age", "data.amount", "born", "seen", "submitted_at", "wakes"]
TIMES = ["born", "seen", "submitted_at", "updated_at"]
COMPARED_WITH_NOW = ["$gt", "$gte", "$lt", "$lte", "$eq", "$ne"]


def about(names, operators, operands):
    """A test of one of some fields."""
    return st.builds(
        lambda name, operator, operand: {name: {operator: operand}},
        st.sampled_from(names),
        st.sampled_from(operators),
        operands,
    )


@st.composite
def ordered_comparisons(draw):
    name = draw(st.sampled_from(ORDERED))
    operand = st.sampled_from(OPERANDS[name])
    if draw(st.booleans()):
        return {name: {"$between": [draw(operand), draw(operand)]}}
    return {name: {"$not": {draw(st.sampled_from(["$gt", "$lte", "$eq"])): draw(operand)}}}


options = st.lists(st.sampled_from(["red", "Green", "blue"]), min_size=1, max_size=2)
special_comparisons = st.one_of(
    about(["note"], TEXTS, st.sampled_from(NEEDLES)),
    about(["tags"], ["$any", "$all", "$none"], options),
    about(EMPTIED, ["$empty"], st.booleans()),
    about(["born"], ["$date_range"], st.sampled_from(LONG)),
    about(TIMES[1:], ["$date_range"], st.sampled_from([*SHORT, *LONG, "all"])),
    about(TIMES, COMPARED_WITH_NOW, NOW),
    ordered_comparisons(),
)
plain_filters = st.recursive(comparisons(), nested, max_leaves=5)
filters = st.recursive(st.one_of(comparisons(), special_comparisons), nested, max_leaves=5)


IN_PIPELINES = ["count", "missing", "sum", "avg", "min", "max", "stddev", "variance", *SCORES]
"""What the document database is asked for."""
WEIGHED = ["count", "missing", "sum", "avg", *SCORES]
WEIGHTS = ["score", "age", "data.amount"]
"""Some of whose answers are no weights: they are missing, 0 or below."""


@st.composite
def measures(draw, *, plain=False, weighted=False):
    found, names = [], []
    known = WEIGHED if weighted else IN_PIPELINES if plain else list(FIGURES)
    for number in range(draw(st.integers(1, 4))):
        op = draw(st.sampled_from(known))
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
    if name in ("submitted_at", "updated_at", "seen"):
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
        found["missing"] = draw(st.sampled_from(["none", "a"]))
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
        found = [draw(tops())]
        others = [
            each | {"as": "u"} for each in [draw(tops())] if each["field"] != found[0]["field"]
        ]
        return found + draw(st.sampled_from([[], others, [draw(dimensions(0))]]))
    count = draw(st.sampled_from([0, 1, 1, 2, 2, 3, 4]))
    found = [draw(dimensions(number)) for number in range(count)]
    distinct = {
        (column_of(g), *sorted((k, str(v)) for k, v in g.items() if k in TELLING)) for g in found
    }
    return found if len(distinct) == count else found[:1]


@st.composite
def having(draw, names):
    one, two = draw(having_tests(names)), draw(having_tests(names))
    return draw(st.sampled_from([one, {"$not": one}, {"$or": [one, two]}, {"$and": [one, two]}]))


@st.composite
def having_tests(draw, names):
    operator = draw(st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]))
    return {draw(st.sampled_from(names)): {operator: draw(st.sampled_from([0, 1, 5, 17.5]))}}


@st.composite
def long_queries(draw, *, plain=False, weighted=False, grouped=None):
    """`plain` ones ask for nothing that only columns can do, as a rule."""
    query = {"measures": draw(measures(plain=plain, weighted=weighted))}
    if weighted:
        query["weights"] = draw(st.sampled_from(WEIGHTS))
    groups = draw(groupings() if grouped is None else grouped)
    if groups:
        query["group_by"] = groups
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
    query |= draw(pages())
    noisy = [m["as"] for m in query["measures"] if m["op"] in NOISY]
    if groups and noisy and draw(st.integers(0, 3)) == 0:
        query["sort"] = {"field": draw(st.sampled_from(noisy)), "desc": draw(st.booleans())}
        query = {key: each for key, each in query.items() if key not in ("limit", "offset")}
    return query


@st.composite
def pages(draw):
    found = {}
    if draw(st.booleans()):
        found["limit"] = draw(st.integers(1, 12))
    if draw(st.integers(0, 3)) == 0:
        found["offset"] = draw(st.integers(0, 5))
    if draw(st.integers(0, 2)) == 0:
        parts = st.sampled_from(["share", "totals", "ci"])
        found["include"] = draw(st.lists(parts, min_size=1, max_size=3, unique=True))
    if draw(st.integers(0, 4)) == 0:
        found["shape"] = "rows"
    return found
