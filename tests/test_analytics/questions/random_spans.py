"""Hypothesis strategies for spans of time, and for the moments at which they are asked about."""

from datetime import UTC, datetime

from hypothesis import strategies as st

ZONES = [
    "UTC",
    "Europe/Paris",
    "Asia/Kathmandu",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Beirut",
]
WEEK_STARTS = ["monday", "sunday", "saturday"]
MOMENTS_ASKED_AT = [
    datetime(2026, 3, 29, 0, 59, 59, 999000, UTC),
    datetime(2026, 3, 30, 11, 7, 31, 250000, UTC),
    datetime(2026, 3, 31, 22, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2026, 10, 27, 4, 15, 0, 1000, UTC),
    datetime(2027, 1, 1, 0, 20, tzinfo=UTC),
]
"""Around the changes of a clock: before, within and after them, and long after everything."""
STEPS = [
    "-0d", "-1d", "-2d/d", "/d", "/w", "/mo", "-1mo/mo", "-1q", "/q", "-1y/y", "-90min", "-6h/h",
    "-1h", "+1d/d", "-1d-3h", "/h", "-20min/min", "-1w/w",
]  # fmt: skip
NOW = st.builds(lambda steps: {"$now": steps}, st.sampled_from(STEPS))
SHORT = [
    "today", "yesterday", "this_hour", "last_hour", "last_2_hours", "last_90_minutes",
    "last_36_hours", "last_3_days", "this_week", "last_week",
    ["2026-03-28", "2026-03-30"], ["2026-10-24", "2026-10-25"], ["2026-10-25", "2026-10-25"],
    ["2026-03-29T00:15:00Z", "2026-03-29T03:15:00+02:00"],
    ["2026-10-25T00:07:30Z", "2026-10-26"],
]  # fmt: skip
"""No longer than a week."""
LONG = [
    "this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year",
    "last_40_days", "last_400_days", "last_9_weeks", "last_8_months", "last_3_quarters",
    "last_2_years", ["2026-03-01", "2026-10-31"], ["2026-03-27", "2026-12-31"],
]  # fmt: skip
DAYS = ["2026-03-27", "2026-03-29", "2026-10-25"]
COMPARISONS = ["previous_period", "previous_week", "previous_month", "previous_year"]


@st.composite
def ranges(draw):
    """Of any length; either end may be open."""
    if draw(st.integers(0, 3)) == 0:
        first, last = draw(st.sampled_from(DAYS)), draw(st.sampled_from(DAYS))
        ends = [min(first, last), max(first, last)]
        if draw(st.booleans()):
            ends[draw(st.integers(0, 1))] = None
        return ends
    if draw(st.integers(0, 5)) == 0:
        ends = [{"$now": draw(st.sampled_from(["-2d/d", "-7mo", "-36h/h", "-1q/q"]))}, None]
        if draw(st.booleans()):
            ends[1] = {"$now": draw(st.sampled_from(["+1d/d", "-1h", "/h", "-0d"]))}
        return ends
    return draw(st.sampled_from(["all", *SHORT, *LONG]))


@st.composite
def spans(draw):
    """What a query is about, apart from its filter."""
    found = {}
    if draw(st.booleans()):
        found["timezone"] = draw(st.sampled_from(ZONES))
    if draw(st.integers(0, 2)) == 0:
        found["date_range"] = draw(ranges())
    if draw(st.integers(0, 3)) == 0:
        found["week_start"] = draw(st.sampled_from(WEEK_STARTS))
    if draw(st.integers(0, 4)) == 0:
        found["versions"] = draw(st.sampled_from(["all", "latest", [1], [2, 7]]))
    if draw(st.integers(0, 7)) == 0:
        rate = draw(st.sampled_from([0.1, 0.3, 0.5, 0.85, 1, 1.0]))
        found["sample"] = {"rate": rate}
        if draw(st.booleans()):
            found["sample"]["seed"] = draw(st.sampled_from([0, 1, 7, 2**32 - 1, 2**53 - 1]))
    if draw(st.integers(0, 7)) == 0:
        found["time_field"] = draw(st.sampled_from(["submitted_at", "updated_at"]))
    return found
