"""A naive reading of the query language, with pandas: what every engine must say.

Filters are read by `oracle`, one response at a time; groups, figures and the calendar are pandas'
own, tables and intervals scipy's.
"""

import math
from datetime import UTC

from tests.test_analytics.oracle import oracle
from tests.test_analytics.oracle.pandas_figures import measures, weight_of
from tests.test_analytics.oracle.pandas_groups import (
    CYCLES,
    OTHER,
    buckets_between,
    dimensions,
    ends_of_series,
    fixed,
    granularity_of,
    grouped,
    name_of,
    plain,
    split,
)
from tests.test_analytics.oracle.pandas_intervals import weights, with_intervals
from tests.test_analytics.oracle.pandas_order import having, order
from tests.test_analytics.oracle.pandas_rows import table
from tests.test_analytics.oracle.pandas_spans import previous_span, span
from tests.test_analytics.oracle.pandas_tables import (
    UntestableError,
    crosstab,
    interval_of,
    weighting,
)

KNUTH = 2654435761


MOST_GROUPS = 50_000


class RefusedError(Exception):
    """What the responses turn out to be too many or unfit for: the place and the code."""


def answer(query, responses, *, now, newest=None, most=MOST_GROUPS):
    """`{rows, totals, base, total_rows, …}` of a query over live responses."""
    if "measures" not in query:
        found = answer(long_form(query), responses, now=now, newest=newest, most=most)
        return short(query, found)
    oracle.set_place(query, now)
    newest = newest or max((each.version for each in responses), default=None)
    fitting = [each for each in responses if fits(query, each, newest)]
    if "weights" in query:
        fitting = [each for each in fitting if (oracle.value_of(each, query["weights"]) or 0) > 0]
    bounds = span(query.get("date_range"), query, now)
    whole = table(query, within(fitting, time_of(query), bounds))
    keys = fixed(whole, query, dimensions(query))
    check_number(whole, query, keys, most)
    rows = rows_of(query, whole, keys)
    if "empty_buckets" in query.get("include", ()):
        rows += empty_rows(query, whole, keys, bounds, most)
    if "compare" in query:
        other = previous_span(query, now)
        frame = table(query, within(fitting, time_of(query), other))
        check_number(frame, query, keys, most)
        earlier = rows_of(query, frame, keys)
        set_beside(query, keys, (rows, bounds), (earlier, other), now, most)
    add_shares(query, rows, whole)
    found = [each for each in rows if having(query.get("having"), each)]
    found.sort(key=order(query, keys))
    start, size = query.get("offset", 0), query.get("limit", 1000)
    following = found[start + size : start + 4 * size] if "limit" in query else []
    return {
        "rows": [shown(each) for each in found[start : start + size]],
        "following": [shown(each) for each in following],
        "total_rows": len(found),
        "truncated": len(found) > start + size,
        "base": weight_of(whole),
        "totals": with_intervals(query, whole) if "totals" in query.get("include", ()) else None,
        "weighting": weighting(whole["#weight"]) if "weights" in query else None,
        "crosstab": tabled(query, rows, keys) if query.get("shape") == "crosstab" else None,
    }


def tabled(query, rows, keys):
    try:
        return crosstab(query, rows, keys)
    except UntestableError:
        raise RefusedError("test", "not_allowed") from None


def check_number(frame, query, keys, most):
    """Of groups, those beyond the most frequent ones included."""
    for place in range(len(keys)):
        if "top" in keys[place]:
            bare = {k: v for k, v in keys[place].items() if k not in ("top", "kept")}
            check_number(frame, query, [bare], most)
    whole = [each | {"other": True} for each in keys]
    if len(split(grouped(frame, query, whole), whole)) > most:
        raise RefusedError("group_by", "too_many_groups")


def labels_of(start, end, dimension, query, most):
    labels = buckets_between(start, end, dimension, query)
    if len(labels) > most and granularity_of(dimension) not in CYCLES:
        raise RefusedError("group_by", "too_many_groups")
    return labels


def empty_rows(query, whole, keys, bounds, most):
    present = set(grouped(whole, query, keys)["#k0"])
    nothing = row(query, whole.iloc[:0], (None,), keys)
    ends = ends_of_series(query, whole, bounds, keys[0])
    return [
        nothing | {name_of(keys[0]): label, "#key": (label,)}
        for label in (labels_of(*ends, keys[0], query, most) if ends else [])
        if label not in present
    ]


def time_of(query):
    return query.get("time_field", "submitted_at")


def within(responses, name, bounds):
    """The responses of which a time lies in a span."""
    start, end = bounds
    return [
        each
        for each in responses
        if (start is None or oracle.value_of(each, name) >= start)
        and (end is None or oracle.value_of(each, name) < end)
    ]


def long_form(query):
    """What the short form asks for in the words of the long one."""
    measure = {"op": query["aggregate"], "as": "value"}
    if "value" in query:
        measure["field"] = query["value"]
    rest = {key: each for key, each in query.items() if key not in ("aggregate", "value")}
    return {"measures": [measure], **rest}


def short(query, found):
    """Rows `{_id, value}`: a single group is its value, a list of groups an object."""
    if "shape" in query:
        return found
    names = [name_of(each) for each in dimensions(query)]
    listed = isinstance(query.get("group_by"), list)

    def reshaped(each):
        groups = {name: each.pop(name) for name in names}
        return {"_id": groups if listed else next(iter(groups.values()), None), **each}

    for part in ("rows", "following"):
        found[part] = [reshaped(dict(each)) for each in found[part]]
    return found


def fits(query, response, newest):
    versions = query.get("versions", "all")
    if versions == "latest" and response.version != newest:
        return False
    if isinstance(versions, list) and response.version not in versions:
        return False
    if "sample" in query and not sampled(query["sample"], response):
        return False
    return oracle.matches(response, query.get("filter", {}))


def sampled(asked, response):
    """As the reference defines it."""
    number = int(response.id[16:], 16) + asked.get("seed", 0)
    return number * KNUTH % 2**32 < asked["rate"] * 2**32


def rows_of(query, frame, keys):
    found = [
        row(query, group, key, keys) for key, group in split(grouped(frame, query, keys), keys)
    ]
    if not keys and not found:
        found = [row(query, frame, (), keys)]
    return found


def row(query, group, key, keys):
    given = {}
    for value, dimension in zip(key, keys, strict=True):
        name = name_of(dimension)
        given[name] = dimension.get("missing") if value is None else value
        if isinstance(value, tuple):
            given[name] = list(value)
    return {
        **given,
        **with_intervals(query, group),
        "#rows": weight_of(group),
        "#squares": math.fsum(each * each for each in weights(group)),
        "#key": key,
        "#other": OTHER in [v for v in key if isinstance(v, str)],
    }


def shown(found):
    return {name: value for name, value in found.items() if not name.startswith("#")}


def add_shares(query, rows, whole):
    base, asked = weight_of(whole), query.get("include", ())
    size = base
    if "weights" in query and base:
        size = weighting(whole["#weight"])["effective_n"]
    for each in rows:
        share = each["#rows"] / base if base else None
        if "share" in asked:
            each["share"] = share
        if "ci" in asked:
            each["ci"] = interval_of(share, size)


def set_beside(query, keys, here, there, now, most):
    """Buckets of the span's own time meet by their number, everything else by what it is."""
    names = [measure["as"] for measure in measures(query)]

    def placed(found, bounds):
        series = series_of(query, keys)
        numbers = {}
        if series is not None:
            end = bounds[1] or now.astimezone(UTC)
            labels = labels_of(bounds[0], end, keys[series], query, most)
            numbers = {label: number for number, label in enumerate(labels)}
        for each in found:
            place = list(each["#key"])
            if series is not None:
                place[series] = numbers.get(place[series])
            if series is None or place[series] is not None:
                yield str([(type(v) is bool, plain(v)) for v in place]), each

    before = {place: {n: each[n] for n in names} for place, each in placed(*there)}
    for each in here[0]:
        each["previous"] = None
    for place, each in placed(*here):
        each["previous"] = before.get(place)


def series_of(query, keys):
    for place, each in enumerate(keys):
        if each["field"] == time_of(query) and granularity_of(each) not in CYCLES:
            return place
    return None
