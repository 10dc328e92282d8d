"""Hostile queries that are right but for a value: numbers, moments, zones, names."""

import itertools
import json

from tests.test_analytics.questions.hostile_groups import (
    COUNT,
    LONG,
    Hostile,
    Text,
    filtered,
    group,
    short,
)

NUMBERS = ["1e400", "-1e400", "9007199254740992", "-9007199254740992", "1" + "0" * 300]
PLACES = {
    "filter.age": filtered({"age": "#"}),
    "filter.age.$gt": filtered({"age": {"$gt": "#"}}),
    "filter.amount.$in[1]": filtered({"amount": {"$in": [1, "#"]}}),
    "filter.amount.$between[0]": filtered({"amount": {"$between": ["#", 1]}}),
    "limit": COUNT | {"limit": "#"},
    "offset": COUNT | {"offset": "#"},
    "max_time_ms": COUNT | {"max_time_ms": "#"},
    "sample.rate": COUNT | {"sample": {"rate": "#"}},
    "sample.seed": COUNT | {"sample": {"rate": 0.5, "seed": "#"}},
    "versions[0]": COUNT | {"versions": ["#"]},
    "having.count": LONG | {"having": {"count": {"$gt": "#"}}},
    "measures[0].p": {"measures": [{"op": "percentile", "field": "age", "p": "#"}]},
    "group_by.top": COUNT | {"group_by": {"field": "age", "top": "#"}},
    "group_by.bins.width": COUNT | {"group_by": {"field": "age", "bins": {"width": "#"}}},
    "group_by.bins.count": COUNT | {"group_by": {"field": "age", "bins": {"count": "#"}}},
    "group_by.bins[1]": COUNT | {"group_by": {"field": "age", "bins": [0, "#"]}},
}
"""Where a number stands in a query, in the place of #."""


@group
def numbers_beyond_everything():
    for place, number in itertools.product(PLACES, NUMBERS):
        name = f"{number if len(number) < 20 else '10^300'} as {place}"
        text = json.dumps(PLACES[place]).replace('"#"', number)
        yield Hostile(name, Text(text), place)


OUT_OF_RANGE = {
    "limit": [0, -1, 10_001, 10**9, "5", True],
    "offset": [-1, 1_000_001, "0", False],
    "max_time_ms": [0, -1, -(10**9), 49, 30_001, "100"],
    "sample": [
        {}, {"rate": 0}, {"rate": -0.5}, {"rate": 1.5}, {"rate": "0.5"}, {"rate": True},
        {"rate": None}, {"rate": 0.5, "seed": -1}, {"rate": 0.5, "seed": 0.5},
        {"rate": 0.5, "seed": "x"}, {"seed": 1}, [0.5],
    ],
    "weights": ["", "note", "department", "member", "born", "care", "email", "submitted_at", 5],
    "versions": [[], [0], [-1], ["1"], [1.5], [True], "newest", "all ", list(range(1, 102))],
    "include": [[], ["records"], ["totals"] * 5, [["totals"]], "totals", {"totals": True}],
    "shape": ["table", "CROSSTAB", "crosstab", ["rows"]],
    "test": ["", "t", "chi2 ", 5, ["chi2"]],
    "engine": ["sql", "postgres", "MongoDB", "", ["rollup"], "columnar "],
    "week_start": ["friday", "Monday", "0", 6],
    "time_field": ["seen", "age", "born", "deleted_at", "version", "source", "data.submitted_at"],
}  # fmt: skip


@group
def values_out_of_range():
    for key, values in OUT_OF_RANGE.items():
        for value in values:
            yield Hostile(f"{key}: {short(value)}", COUNT | {key: value}, key)
    by_filter = COUNT | {"engine": "rollup", "filter": {"age": 1}}
    yield Hostile("live numbers asked for what they never hold", by_filter, "engine")
    unbuckets = COUNT | {"include": ["empty_buckets"], "group_by": "age"}
    yield Hostile("empty buckets of no series", unbuckets, "include")


@group
def crosstabs_that_are_none():
    table = LONG | {"shape": "crosstab"}
    for groups in (["age"], ["age", "score", "member"], []):
        place = "shape" if groups else "group_by"
        yield Hostile(f"by {len(groups)} groups", table | {"group_by": groups}, place)
    crossed = table | {"group_by": ["department", "data.state"]}
    for measures in (["count", {"op": "sum", "field": "age"}], [{"op": "avg", "field": "age"}]):
        ops = [each if isinstance(each, str) else each["op"] for each in measures]
        yield Hostile(f"of {', '.join(ops)}", crossed | {"measures": measures}, "shape")
    yield Hostile("weighted and tested", crossed | {"weights": "score"}, "test")
    for test in ("auto", "chi2", "fisher"):
        several = table | {"group_by": ["department", "tags"], "test": test}
        yield Hostile(f"{test} of several options per answer", several, "test")
    personal = table | {"group_by": ["department", "email"]}
    yield Hostile("by a personal field", personal, "group_by[1]")


BAD_BINS = [
    [], [5, 1], [1, 1], ["a"], [[1]], [None], [True], list(range(101)), {}, {"width": 0},
    {"width": -1}, {"width": "1"}, {"width": None}, {"count": 0}, {"count": 1}, {"count": 101},
    {"count": 10**9}, {"count": 2.5}, {"width": 1, "count": 2}, "10", 10, {"$where": "1"},
]  # fmt: skip
BAD_TOPS = [0, -1, 1_001, 10**9, "5", 2.5, True, [3], {"$gt": 1}]


@group
def bins_and_tops():
    for bins in BAD_BINS:
        body = COUNT | {"group_by": [{"field": "age", "bins": bins}]}
        yield Hostile(f"bins {short(bins)}", body, "group_by[0].bins")
    for top in BAD_TOPS:
        body = COUNT | {"group_by": [{"field": "age", "top": top}]}
        yield Hostile(f"top {short(top)}", body, "group_by[0].top")
    for field in ("note", "department", "tags", "born", "submitted_at"):
        body = COUNT | {"group_by": [{"field": field, "bins": {"width": 1}}]}
        yield Hostile(f"bins of {field}", body, "group_by[0].bins")
    for field in ("born", "seen", "submitted_at"):
        body = COUNT | {"group_by": [{"field": field, "top": 3}]}
        yield Hostile(f"top of {field}", body, "group_by[0].top")
    other = COUNT | {"group_by": {"field": "age", "other": True}}
    yield Hostile("other without top", other, "group_by.other")


ZONES = [
    "", "Mars/Olympus", "utc", "UTC ", "UTC\x00", "../UTC", "Europe/../UTC", "/etc/localtime",
    "localtime", "Factory", "+02:00", "GMT+25", "\uff35TC", "Europe/Paris'; --", "x" * 5_000,
    "$$ROOT", 5, ["UTC"], {"$literal": "UTC"},
]  # fmt: skip
MOMENTS = [
    "yesterday", "now()", "1/2/2026", "2026-02-30", "2026-13-01", "2026-00-10", "0000-01-01",
    "2026-01-01T25:00:00Z", "2026-01-01T00:00:00+99:00", "20260", "2026-W99-9", "9999-12-31T99",
    "-2026-01-01", "\uff12\uff10\uff12\uff16-01-01", "2026-01-01\x00", "$$NOW", "",
    5, True, ["2026-01-01"], {}, {"$date": "2026-01-01"}, {"$now": 5}, {"$now": "now()"},
    {"$now": "-1"}, {"$now": "-99999d"}, {"$now": "-9999y-9999y"}, {"$now": "-1d", "$gt": 1},
    {"$now": "-1d" * 9_000 + "!"},
]  # fmt: skip


@group
def zones():
    for zone in ZONES:
        yield Hostile(f"timezone {short(zone)}", COUNT | {"timezone": zone}, "timezone")
        grouped = COUNT | {"group_by": {"field": "seen", "timezone": zone}}
        yield Hostile(f"a group in {short(zone)}", grouped, "group_by.timezone")


@group
def moments():
    for moment in MOMENTS:
        shown = short(moment)
        body = filtered({"submitted_at": {"$gte": moment}})
        yield Hostile(f"submitted_at >= {shown}", body, "filter.submitted_at.$gte")
        body = filtered({"born": {"$date_range": ["1990-01-01", moment]}})
        yield Hostile(f"born until {shown}", body, "filter.born.$date_range")
        yield Hostile(f"a span from {shown}", COUNT | {"date_range": [moment, None]}, "date_range")
    spans = [
        "last_0_days", "last_99999_days", "last_9999_years", "last_-1_days", "next_7_days", "ever",
        "", [], ["2026-01-01"], ["2026-01-01"] * 3, ["2026-02-01", "2026-01-01"],
        [None, "9999-12-31"], {"from": "2026-01-01"},
    ]  # fmt: skip
    for span in spans:
        yield Hostile(f"the span {short(span)}", COUNT | {"date_range": span}, "date_range")
        yield Hostile(f"compared with {short(span)}", COUNT | {"compare": span}, "compare")
    yield Hostile("compared without a span", COUNT | {"compare": "previous_year"}, "compare")


LABELS = ["", " ", "$count", "$$ROOT", "a\x00b", "a\nb", "\u202eevil", "\ud800", "x" * 201, 5, []]


@group
def names_and_letters():
    for label in LABELS:
        shown = short(label)
        body = {"measures": [{"op": "count", "as": label}]}
        yield Hostile(f"a measure called {shown}", body, "measures[0].as")
        body = COUNT | {"group_by": [{"field": "age", "as": label}]}
        yield Hostile(f"a group called {shown}", body, "group_by[0].as")
        body = COUNT | {"group_by": [{"field": "age", "missing": label}]}
        yield Hostile(f"a missing answer called {shown}", body, "group_by[0].missing")
    for text in ("a\x00b", "\ud800", "\udfff\ud800"):
        yield Hostile(f"note is {short(text)}", filtered({"note": text}), "filter.note")
    for option in ("it\x00", "I\u0422", "$it", "", "it ", "\u202eti", 5, None):
        if option is not None:
            body = filtered({"department": option})
            yield Hostile(f"department is {short(option)}", body, "filter.department")
    twice = {"measures": [{"op": "count", "as": "n"}, {"op": "sum", "field": "age", "as": "n"}]}
    yield Hostile("two figures of one name", twice, "measures[1]")
    clash = {"measures": [{"op": "count", "as": "age"}], "group_by": ["age"]}
    yield Hostile("a figure called like a group", clash, "group_by[0]")
