"""Hypothesis strategies for series with their empty buckets, beside those of another span."""

from hypothesis import strategies as st

from tests.test_analytics.questions.random_long_queries import dimensions, measures, tops
from tests.test_analytics.questions.random_spans import COMPARISONS, DAYS, LONG, SHORT, ZONES, spans

FINE = ["minute", "quarter_hour", "hour"]
COARSE = ["day", "week", "month", "quarter", "year", "hour_of_day", "day_of_week"]
TIMES = ["submitted_at", "submitted_at", "submitted_at", "updated_at", "seen", "born"]


@st.composite
def series(draw, *, fine):
    name = draw(st.sampled_from(TIMES if not fine else TIMES[:4]))
    known = [*FINE, *COARSE] if fine else COARSE
    if name == "born":
        known = [each for each in known if each not in (*FINE, "hour_of_day")]
    group = {"field": name, "as": "bucket", "granularity": draw(st.sampled_from(known))}
    if name != "born" and draw(st.booleans()):
        group["timezone"] = draw(st.sampled_from(ZONES))
    return group


@st.composite
def series_queries(draw):
    """One series, with the buckets in which nothing happened."""
    fine = draw(st.booleans())
    query = {"measures": draw(measures(plain=draw(st.booleans()))), **draw(spans())}
    query["date_range"] = draw(st.sampled_from(SHORT if fine else [*LONG, *SHORT, "all"]))
    group = draw(series(fine=fine))
    if fine and group["field"] != query.get("time_field", "submitted_at"):
        group["granularity"] = "day"
    query |= {"group_by": [group], "include": ["empty_buckets", "totals", "share"]}
    if draw(st.booleans()):
        query["compare"] = draw(st.sampled_from(COMPARISONS))
        if query["date_range"] == "all":
            query["date_range"] = "this_year"
    return query | draw(pages("bucket"))


@st.composite
def comparisons(draw):
    """Any groups beside those of another span, one of a series of the span's own time or none."""
    query = {"measures": draw(measures(plain=draw(st.booleans()))), **draw(spans())}
    query["date_range"] = draw(st.sampled_from([*SHORT, *LONG, *([d, None] for d in DAYS)]))
    query["compare"] = draw(st.sampled_from([*COMPARISONS, *SHORT, *LONG]))
    groups = draw(st.sampled_from(["series", "both", "other", "top", "none"]))
    found = []
    if groups in ("series", "both"):
        found.append(draw(series(fine=query["date_range"] in SHORT)))
    if groups in ("both", "other"):
        found.append(draw(dimensions(1)))
    if groups == "top":
        found.append(draw(tops()))
    if len(found) == 2 and found[0]["field"] == found[1]["field"]:
        found.pop()
    if found:
        query["group_by"] = found
    return query | draw(pages("_id"))


@st.composite
def pages(draw, name):
    found = {"sort": {"field": name, "desc": draw(st.booleans())}}
    if draw(st.booleans()):
        found["limit"] = draw(st.integers(1, 40))
    if draw(st.integers(0, 3)) == 0:
        found["offset"] = draw(st.integers(0, 60))
    return found


@st.composite
def counted_series(draw):
    """What the live numbers may hold."""
    query = draw(st.one_of(series_queries(), comparisons()))
    query["measures"] = ["count"]
    return {key: each for key, each in query.items() if key not in ("versions", "sample")}


every_series = st.one_of(series_queries(), comparisons(), counted_series())
