"""Hypothesis strategies for queries about personal answers, of who has the right to."""

from hypothesis import strategies as st

from tests.test_analytics.questions.random_long_queries import about, filters, pages
from tests.test_analytics.questions.random_queries import comparisons
from tests.test_analytics.questions.random_spans import spans

ADDRESSES = ["p1@example.org", "P2@example.org", "p9@example.org", "nobody"]
PARTS = ["p1", "P", "@", ".org", "p3@example.org"]
FIGURES = ["mode", "first", "last", "count_distinct", "count", "missing"]
personal_filters = st.one_of(
    about(["email"], ["$eq", "$ne", "$gt", "$lte"], st.sampled_from(ADDRESSES)),
    about(["email"], ["$in", "$nin"], st.lists(st.sampled_from(ADDRESSES), min_size=1)),
    about(["email"], ["$contains", "$icontains", "$starts_with"], st.sampled_from(PARTS)),
)
groups = st.sampled_from(
    [None, ["email"], [{"field": "email", "top": 3, "other": True}], ["member", "email"]]
)


@st.composite
def personal_queries(draw):
    names = draw(st.lists(st.sampled_from(FIGURES), unique=True))
    measures = ["count", *({"op": each, "field": "email"} for each in names)]
    query = {"measures": measures, "group_by": draw(groups), **draw(spans()), **draw(pages())}
    asked = [draw(personal_filters), draw(st.one_of(filters, comparisons()))]
    query["filter"] = {draw(st.sampled_from(["$and", "$or"])): asked}
    return query
