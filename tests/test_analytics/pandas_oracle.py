"""A naive reading of the long form of the query language, with pandas: what every engine must say.

Filters are read by `oracle`, one response at a time; groups and figures are pandas' own.
"""

import math
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from tests.test_analytics import oracle
from tests.test_analytics.pandas_figures import figures, measures, only, weight_of

OTHER = "(other)"
MULTIPLE = "multi_choice"
CLOCK = {"minute": 1, "quarter_hour": 15, "hour": 60}
WEEKDAYS = {"monday": 0, "sunday": 6, "saturday": 5}


def answer(query, responses, *, now):
    """`{rows, totals, base, total_rows}` of a query over live responses."""
    oracle.ZONE.set(query.get("timezone", "UTC"))
    newest = max((each.version for each in responses), default=None)
    fitting = [each for each in responses if fits(query, each, newest)]
    if "weights" in query:
        fitting = [each for each in fitting if (oracle.value_of(each, query["weights"]) or 0) > 0]
    spanned = within(fitting, span(query, now))
    whole = table(query, spanned)
    keys = dimensions(query)
    frame = grouped(whole, query, keys)
    rows = [row(query, group, key, keys) for key, group in split(frame, keys)]
    if not keys:
        rows = rows or [row(query, frame, (), keys)]
    if "share" in query.get("include", ()):
        for each in rows:
            each["share"] = each["#rows"] / weight_of(whole) if spanned else None
    rows = [each for each in rows if having(query.get("having"), each)]
    rows.sort(key=order(query, keys))
    total = len(rows)
    start = query.get("offset", 0)
    page = rows[start : start + query.get("limit", 1000)]
    return {
        "rows": [{k: v for k, v in each.items() if not k.startswith("#")} for each in page],
        "total_rows": total,
        "base": weight_of(whole),
        "totals": figures(query, whole),
    }


def fits(query, response, newest):
    versions = query.get("versions", "all")
    if versions == "latest" and response.version != newest:
        return False
    if isinstance(versions, list) and response.version not in versions:
        return False
    return oracle.matches(response, query.get("filter", {}))


def within(responses, bounds):
    start, end = bounds
    return [
        each
        for each in responses
        if (start is None or each.submitted_at >= start)
        and (end is None or each.submitted_at < end)
    ]


def midnight(day, zone):
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def span(query, now):
    asked, zone = query.get("date_range"), query.get("timezone", "UTC")
    if asked in (None, "all"):
        return None, None
    if isinstance(asked, list):
        first, last = (None if each is None else date.fromisoformat(each) for each in asked)
        return (
            None if first is None else midnight(first, zone),
            None if last is None else midnight(last + timedelta(days=1), zone),
        )
    today = now.astimezone(ZoneInfo(zone)).date()
    if asked.startswith("last_") and asked.endswith("_days"):
        first = today - timedelta(days=int(asked.split("_")[1]) - 1)
        return midnight(first, zone), midnight(today + timedelta(days=1), zone)
    first = {"this_year": today.replace(month=1, day=1), "this_month": today.replace(day=1)}[asked]
    following = {
        "this_year": date(today.year + 1, 1, 1),
        "this_month": date(today.year + today.month // 12, today.month % 12 + 1, 1),
    }[asked]
    return midnight(first, zone), midnight(following, zone)


def dimensions(query):
    asked = query.get("group_by")
    listed = asked if isinstance(asked, list) else [] if asked is None else [asked]
    return [each if isinstance(each, dict) else {"field": each} for each in listed]


def name_of(dimension):
    return dimension.get("as", dimension["field"].removeprefix("data."))


def table(query, responses):
    """One row per response: its values by field name, in no type of pandas' own."""
    names = {each["field"] for each in dimensions(query)}
    names |= {each["field"] for each in measures(query) if "field" in each}
    columns = {name: [oracle.value_of(each, name) for each in responses] for name in names}
    columns["#response"] = list(responses)
    if "weights" in query:
        columns["#weight"] = [oracle.value_of(each, query["weights"]) for each in responses]
    frame = pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in columns.items()})
    by_time = sorted(
        range(len(responses)), key=lambda n: (responses[n].submitted_at, responses[n].id)
    )
    return frame.iloc[by_time].reset_index(drop=True)


def grouped(frame, query, keys):
    """The frame with a column `#k<n>` per dimension, exploded where that is asked."""
    for place, dimension in enumerate(keys):
        kind = oracle.kind_of(dimension["field"])
        column = f"#k{place}"
        values = frame[dimension["field"]]
        if kind == MULTIPLE and dimension.get("explode", True):
            frame = frame.assign(**{column: [list(v) if v else [None] for v in values]})
            frame = frame.explode(column, ignore_index=True)
            given = [value if isinstance(value, str) else None for value in frame[column]]
            frame = frame.assign(**{column: pd.Series(given, dtype=object)})
        else:
            shown = [key_of(value, dimension, query, kind) for value in values]
            frame = frame.assign(**{column: pd.Series(shown, dtype=object)})
    for place, dimension in enumerate(keys):
        column = f"#k{place}"
        if "top" in dimension:
            frame = topped(frame, column, dimension)
        if isinstance(dimension.get("bins"), dict) and "count" in dimension["bins"]:
            frame = frame.assign(**{column: counted_bins(frame[dimension["field"]], dimension)})
    return frame


def topped(frame, column, dimension):
    """By the most frequent over all that match, before any other dimension dropped rows."""
    counts = frame[column].dropna().map(marked).value_counts()
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0][1]))
    most = {key for key, _ in ranked[: dimension["top"]]}
    keep = [v is None or marked(v) in most for v in frame[column]]
    if not dimension.get("other"):
        return only(frame, keep).reset_index(drop=True)
    shown = [v if k else OTHER for v, k in zip(frame[column], keep, strict=True)]
    return frame.assign(**{column: pd.Series(shown, dtype=object)})


def marked(value):
    return (type(value) is bool, value)


def counted_bins(values, dimension):
    numbers = [v for v in values if v is not None]
    if not numbers:
        return pd.Series([None] * len(values), dtype=object)
    low, high, count = min(numbers), max(numbers), dimension["bins"]["count"]
    width = (high - low) / count
    edges = sorted({low + n * width for n in range(1, count)} - {low})
    return pd.Series([None if v is None else bin_label(v, edges) for v in values], dtype=object)


def bin_label(value, edges):
    below = [edge for edge in edges if edge <= value]
    above = [edge for edge in edges if edge > value]
    if not below:
        return f"<{plain(above[0])}" if above else "all"
    return f"{plain(below[-1])}..{plain(above[0])}" if above else f"≥{plain(below[-1])}"


def plain(number):
    return int(number) if isinstance(number, float) and number.is_integer() else number


def key_of(value, dimension, query, kind):
    if value is None or value == []:
        return None
    if "bins" in dimension:
        return bin_of(value, dimension["bins"])
    granularity = dimension.get("granularity") or ("day" if kind in ("fact", "datetime") else None)
    if granularity:
        zone = dimension.get("timezone", query.get("timezone", "UTC"))
        return bucket(value, kind, granularity, zone, query.get("week_start", "monday"))
    return tuple(sorted(value)) if kind == MULTIPLE else value


def bin_of(value, bins):
    """Bins that are only counted get their edges later: see `counted_bins`."""
    if isinstance(bins, list):
        return bin_label(value, bins)
    if "count" in bins:
        return value
    width = bins["width"]
    number = math.floor(value / width)
    number += 1 if (number + 1) * width <= value else 0
    number -= 1 if number * width > value else 0
    return f"{plain(number * width)}..{plain((number + 1) * width)}"


def bucket(value, kind, granularity, zone, week_start):
    if kind == "date":
        local = datetime.fromisoformat(value)
    else:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        local = moment.astimezone(ZoneInfo(zone))
    if granularity in CLOCK:
        minute = local.minute // CLOCK[granularity] * CLOCK[granularity]
        return local.replace(minute=minute).strftime("%Y-%m-%dT%H:%M%z")
    if granularity == "week" and week_start != "monday":
        back = (local.weekday() - WEEKDAYS[week_start]) % 7
        return (local.date() - timedelta(days=back)).isoformat()
    return {
        "day": lambda: local.date().isoformat(),
        "week": lambda: f"{local.isocalendar()[0]:04}-W{local.isocalendar()[1]:02}",
        "month": lambda: f"{local:%Y-%m}",
        "quarter": lambda: f"{local.year:04}-Q{(local.month + 2) // 3}",
        "year": lambda: f"{local.year:04}",
        "hour_of_day": lambda: f"{local.hour:02}",
        "day_of_week": lambda: str(local.isoweekday()),
    }[granularity]()


def split(frame, keys):
    if not keys:
        return [((), frame)]
    columns = [f"#k{place}" for place in range(len(keys))]
    tags = [
        str([(type(v) is bool, plain(v)) for v in values]) for values in frame[columns].to_numpy()
    ]
    return [
        (tuple(group.iloc[0][c] for c in columns), group)
        for _, group in frame.groupby(pd.Series(tags, index=frame.index, dtype=object), sort=False)
    ]


def row(query, group, key, keys):
    shown = {}
    for value, dimension in zip(key, keys, strict=True):
        name = name_of(dimension)
        shown[name] = dimension.get("missing") if value is None else value
        if isinstance(value, tuple):
            shown[name] = list(value)
    return {
        **shown,
        **figures(query, group),
        "#rows": weight_of(group),
        "#key": key,
        "#other": OTHER in [v for v in key if isinstance(v, str)],
    }


COMPARE = {
    "$eq": lambda a, b: a == b,
    "$ne": lambda a, b: a != b,
    "$gt": lambda a, b: a > b,
    "$gte": lambda a, b: a >= b,
    "$lt": lambda a, b: a < b,
    "$lte": lambda a, b: a <= b,
}


def having(asked, found):
    for name, tests in (asked or {}).items():
        if name == "$not":
            true = not having(tests, found)
        elif name in ("$and", "$or"):
            true = (all if name == "$and" else any)(having(each, found) for each in tests)
        else:
            value = found[name]
            true = all(
                op == "$ne" if value is None else COMPARE[op](value, operand)
                for op, operand in tests.items()
            )
        if not true:
            return False
    return True


def start_of(label):
    if label == "all" or label.startswith("<"):
        return -math.inf
    return float(label.removeprefix("≥").split("..")[0])


class Descending:
    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        return other.value < self.value

    def __eq__(self, other):
        return other.value == self.value

    def __hash__(self):
        return hash(self.value)


def order(query, keys):
    """A sort key: the row of all others last, a missing value below every other."""
    names = [name_of(each) for each in keys]
    asked = query.get("sort", [])
    asked = asked if isinstance(asked, list) else [asked]
    wanted = []
    for each in asked:
        shown = names if each["field"] == "_id" else [each["field"]]
        wanted += [(name, each.get("desc", False)) for name in shown]
    timed = any(
        "bins" in each
        or each.get("granularity")
        or oracle.kind_of(each["field"]) in ("fact", "datetime")
        for each in keys
    )
    if not asked and not timed:
        wanted.append((measures(query)[0]["as"], True))
    wanted += [(name, False) for name in names if name not in {n for n, _ in wanted}]

    def key(found):
        parts = [found["#other"]]
        for name, descending in wanted:
            value = found[name]
            if name in names:
                place = names.index(name)
                value = found["#key"][place]
                if value is not None and "bins" in keys[place]:
                    value = start_of(value)
            part = (value is not None, 0 if value is None else value)
            parts.append(Descending(part) if descending else part)
        return parts

    return key
