"""Hypothesis strategies for queries that every engine has to refuse, and how they have to."""

from hypothesis import strategies as st

from tests.test_analytics.random_long_queries import long_queries

WRONG = [
    ({"groupby": "age"}, ("groupby", "unknown_key")),
    ({"group_by": [{"field": "nobody"}]}, ("group_by[0]", "unknown_field")),
    ({"group_by": ["email"]}, ("group_by[0]", "personal_data")),
    ({"group_by": ["order"]}, ("group_by[0]", "not_groupable")),
    ({"group_by": ["age", "age"]}, ("group_by[1]", "repeated")),
    ({"group_by": [{"field": "born", "top": 2}]}, ("group_by[0].top", "not_allowed")),
    ({"filter": {"age": {"$regex": "1"}}}, ("filter.age.$regex", "unknown_operator")),
    ({"filter": {"age": "18"}}, ("filter.age", "wrong_type")),
    ({"filter": {"department": "nobody"}}, ("filter.department", "unknown_option")),
    ({"filter": {"member": {"$gt": True}}}, ("filter.member.$gt", "operator_not_allowed")),
    ({"filter": {"email": "p1@example.org"}}, ("filter.email", "personal_data")),
    ({"having": {"nobody": {"$gt": 1}}}, ("having.nobody.$gt", "unknown_measure")),
    ({"sort": {"field": "nobody"}}, ("sort.field", "unknown_column")),
    ({"limit": 0}, ("limit", "out_of_range")),
    ({"after": "bm8"}, ("after", "invalid_cursor")),
    ({"timezone": "Europe/Nowhere"}, ("timezone", "unknown_timezone")),
    ({"date_range": ["2026-03-30", "2026-03-28"]}, ("date_range", "out_of_range")),
    ({"date_range": "all", "compare": "previous_period"}, ("compare", "required")),
    ({"compare": "next_period"}, ("compare", "unknown_comparison")),
    ({"group_by": None, "include": ["empty_buckets"]}, ("include", "not_allowed")),
    ({"group_by": ["age"], "include": ["empty_buckets"]}, ("include", "not_allowed")),
    ({"group_by": ["age"], "shape": "crosstab"}, ("shape", "not_allowed")),
    ({"versions": [0]}, ("versions[0]", "out_of_range")),
    ({"sample": {"rate": 0}}, ("sample.rate", "out_of_range")),
    ({"weights": "note"}, ("weights", "wrong_type")),
    ({"time_field": "seen"}, ("time_field", "wrong_type")),
    (
        {"measures": [{"op": "median", "field": "age"}], "weights": "score"},
        ("weights", "not_allowed"),
    ),
    ({"measures": [{"op": "csat", "field": "age"}]}, ("measures[0].field", "wrong_type")),
    ({"measures": [{"op": "ces", "field": "score"}]}, ("measures[0].field", "wrong_type")),
    (
        {
            "group_by": ["submitted_at"],
            "time_field": "submitted_at",
            "date_range": [None, "2026-03-28"],
            "compare": "today",
        },
        ("compare", "required"),
    ),
    (
        {
            "measures": [{"op": "count", "field": "age"}],
            "group_by": ["member", "score"],
            "shape": "crosstab",
        },
        ("shape", "not_allowed"),
    ),
    (
        {"measures": ["count"], "group_by": ["tags", "score"], "shape": "crosstab"},
        ("test", "not_allowed"),
    ),
]
"""Each is wrong whatever else is asked, and first of what may be wrong with it."""
TELLS_OF_COLUMNS = ("having", "sort", "offset", "include")


@st.composite
def wrong_queries(draw):
    """A valid query with one thing wrong."""
    wrong, refused = draw(st.sampled_from(WRONG))
    query = draw(long_queries())
    query = {key: each for key, each in query.items() if key not in TELLS_OF_COLUMNS}
    return query | wrong, refused
