"""Hypothesis strategies for queries by the most frequent of several options, and all the others."""

from hypothesis import strategies as st

from tests.test_analytics.random_long_queries import dimensions, long_queries, tops
from tests.test_analytics.random_series import series
from tests.test_analytics.random_spans import COMPARISONS, DAYS, LONG, SHORT
from tests.test_analytics.random_tables import crosstabs


@st.composite
def option_tops(draw):
    """Of three options one or two are left over; sometimes these are dropped, or there are none."""
    found = {"field": "tags", "as": "t", "top": draw(st.sampled_from([1, 1, 1, 2, 3]))}
    if draw(st.integers(0, 4)):
        found["other"] = True
    if draw(st.integers(0, 3)) == 0:
        found["missing"] = "none"
    return found


@st.composite
def groupings(draw):
    """Alone, or beside a group of any kind, of the same options too."""
    beside = draw(st.sampled_from(["nothing", "nothing", "any", "top", "series", "itself"]))
    found = [draw(option_tops())]
    if beside == "any":
        found.append(draw(dimensions(1)))
    if beside == "top":
        found.append(draw(tops().filter(lambda each: each["field"] != "tags")) | {"as": "u"})
    if beside == "series":
        found.append(draw(series(fine=False)))
    if beside == "itself":
        found.append({"field": "tags", "as": "u"})
    return draw(st.permutations(found))


@st.composite
def compared(draw):
    """Beside those of another span, in which other options may have been the most frequent."""
    query = draw(long_queries(plain=draw(st.booleans()), grouped=option_tops().map(lambda t: [t])))
    query["date_range"] = draw(st.sampled_from([*SHORT, *LONG, *([day, None] for day in DAYS)]))
    return query | {"compare": draw(st.sampled_from([*COMPARISONS, *SHORT, *LONG]))}


@st.composite
def crossed(draw):
    query = draw(crosstabs())
    others = [each for each in query["group_by"] if each["field"] != "tags"][:1]
    query["group_by"] = draw(st.permutations([draw(option_tops()) | {"as": "top"}, *others]))
    return query | {"test": "none"}


option_top_queries = st.one_of(
    long_queries(plain=True, grouped=groupings()),
    long_queries(grouped=groupings()),
    long_queries(weighted=True, grouped=groupings()),
    compared(),
    crossed(),
)
