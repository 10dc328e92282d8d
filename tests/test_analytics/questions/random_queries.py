"""Hypothesis strategies for valid queries over the study."""

from hypothesis import strategies as st

from tests.test_analytics.questions.random_spans import ZONES

DAYS = ["2026-03-28", "2026-03-29", "2026-10-25", "2026-12-31", "1999-01-01"]
MOMENTS = ["2026-03-29T01:00:00Z", "2026-10-25T02:30:00+02:00", "2026-03-28T12:00", *DAYS]
OPERANDS = {
    "department": ["it", "HR", "ops"],
    "data.state": ["approved", "rejected"],
    "tags": ["red", "Green", "blue"],
    "care.food": ["good", "Bad"],
    "age": [0, 17, 18.0, 63.5, 2**53 - 1, -5],
    "data.amount": [0, 1, 2.5, -0.25, 1000000],
    "score": [1, 3, 5],
    "member": [True, False],
    "born": ["1969-12-31", "2000-02-29", "2020-12-31"],
    "wakes": ["05:00:00", "07:30", "12:00:00"],
    "seen": MOMENTS,
    "note": ["", "Zoe\u0308", "a", "B", "$gt", "\U0001f600"],
    "submitted_at": MOMENTS,
    "updated_at": MOMENTS,
    "version": [1, 2],
    "source": ["api", "import"],
}
UNORDERED = {"department", "data.state", "tags", "care.food", "member"}
GROUPS = [name for name in OPERANDS if name not in ("note", "age", "data.amount")] + [
    "note",
    "age",
    "amount",
    "care.staff",
    "status",
    "form_version",
]
ALSO_CALLED = {"status": "data.state", "form_version": "version"}
GRANULARITIES = ["hour", "day", "week", "month", "year"]
SUMMED = ["age", "amount", "score", "version"]
COMPARED = [*SUMMED, "born", "wakes", "seen", "submitted_at", "updated_at"]


@st.composite
def comparisons(draw):
    name = draw(st.sampled_from(list(OPERANDS)))
    operand = st.sampled_from(OPERANDS[name])
    nullable = st.one_of(operand, operand, st.none())
    tests = {
        "$eq": nullable,
        "$ne": nullable,
        "$in": st.lists(nullable, min_size=1, max_size=3),
        "$nin": st.lists(nullable, min_size=1, max_size=3),
        "$exists": st.booleans(),
    }
    if name not in UNORDERED:
        tests |= dict.fromkeys(("$gt", "$gte", "$lt", "$lte"), operand)
    operators = draw(st.lists(st.sampled_from(list(tests)), min_size=1, max_size=2, unique=True))
    direct = draw(st.booleans())
    if direct:
        return {name: draw(nullable)}
    return {name: {operator: draw(tests[operator]) for operator in operators}}


def nested(members):
    several = st.lists(members, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda found: {"$and": found}, several),
        st.builds(lambda found: {"$or": found}, several),
        st.builds(lambda found: {"$not": found}, members),
        st.builds(lambda one, two: one | two, members, members),
    )


filters = st.recursive(comparisons(), nested, max_leaves=5)


@st.composite
def dimensions(draw):
    name = draw(st.sampled_from(GROUPS))
    if name in ("submitted_at", "updated_at", "seen") and draw(st.booleans()):
        zone = draw(st.sampled_from(ZONES))
        granularity = draw(st.sampled_from(GRANULARITIES))
        return {"field": name, "granularity": granularity, "timezone": zone}
    if name == "born" and draw(st.booleans()):
        return {"field": name, "granularity": draw(st.sampled_from(GRANULARITIES[1:]))}
    return name


def name_of(dimension):
    return dimension["field"] if isinstance(dimension, dict) else dimension


def column_of(dimension):
    """The same for every name of a field."""
    return ALSO_CALLED.get(name_of(dimension), name_of(dimension))


@st.composite
def measures(draw):
    aggregate = draw(st.sampled_from(["count", "sum", "avg", "min", "max"]))
    values = {"sum": SUMMED, "avg": SUMMED, "count": [*COMPARED, "department", "note", "email"]}
    query = {"aggregate": aggregate}
    if aggregate != "count" or draw(st.booleans()):
        query["value"] = draw(st.sampled_from(values.get(aggregate, COMPARED)))
    return query


groupings = st.one_of(
    st.none(),
    dimensions(),
    st.lists(dimensions(), min_size=1, max_size=2, unique_by=column_of),
)


@st.composite
def queries(draw):
    query = draw(measures())
    names = ["value", "_id"]
    grouping = draw(groupings)
    if grouping is not None:
        query["group_by"] = grouping
        names += map(name_of, grouping if isinstance(grouping, list) else [grouping])
    if draw(st.integers(0, 3)):
        query["filter"] = draw(filters)
    if draw(st.booleans()):
        query["sort"] = {"field": draw(st.sampled_from(names)), "desc": draw(st.booleans())}
    if draw(st.booleans()):
        query["limit"] = draw(st.integers(1, 12))
    return query
