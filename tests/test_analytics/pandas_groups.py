"""Groups of responses by pandas: the keys of every row, and the buckets without one."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from tests.test_analytics import oracle
from tests.test_analytics.pandas_figures import only, weight_of

OTHER = "(other)"
MULTIPLE = "multi_choice"
CLOCK = {"minute": 1, "quarter_hour": 15, "hour": 60}
CYCLES = {
    "hour_of_day": [f"{hour:02}" for hour in range(24)],
    "day_of_week": [f"{day}" for day in range(1, 8)],
}
WEEKDAYS = {"monday": 0, "sunday": 6, "saturday": 5}


def dimensions(query):
    asked = query.get("group_by")
    listed = asked if isinstance(asked, list) else [] if asked is None else [asked]
    return [each if isinstance(each, dict) else {"field": each} for each in listed]


def name_of(dimension):
    return dimension.get("as", dimension["field"].removeprefix("data."))


def granularity_of(dimension):
    kind = oracle.kind_of(dimension["field"])
    return dimension.get("granularity") or ("day" if kind in ("fact", "datetime") else None)


def fixed(frame, query, keys):
    """The dimensions with what is looked up: edges of bins, the most frequent values."""
    found = []
    for dimension in keys:
        known, bins = {}, dimension.get("bins")
        if isinstance(bins, dict) and "count" in bins:
            known["bins"] = equal_edges(frame[dimension["field"]], bins["count"])
        if "top" in dimension:
            shown = keyed(frame, "#k", dimension, query)
            known["kept"] = most_frequent(shown, dimension["top"])
        found.append(dimension | known)
    return found


def grouped(frame, query, keys):
    """The frame with a column `#k<n>` per dimension, exploded where that is asked."""
    for place, dimension in enumerate(keys):
        frame = keyed(frame, f"#k{place}", dimension, query)
    for place, dimension in enumerate(keys):
        if "kept" in dimension:
            frame = topped(frame, f"#k{place}", dimension)
    return frame


def keyed(frame, column, dimension, query):
    kind = oracle.kind_of(dimension["field"])
    values = frame[dimension["field"]]
    if kind == MULTIPLE and dimension.get("explode", True):
        frame = frame.assign(**{column: [list(v) if v else [None] for v in values]})
        frame = frame.explode(column, ignore_index=True)
        shown = [value if isinstance(value, str) else None for value in frame[column]]
    else:
        shown = [key_of(value, dimension, query, kind) for value in values]
    return frame.assign(**{column: pd.Series(shown, dtype=object)})


def most_frequent(frame, count):
    found = {}
    for value, rows in frame.groupby(frame["#k"].map(marked), sort=False):
        if value[1] is not None:
            found[value] = weight_of(rows)
    return sorted(found, key=lambda each: (-found[each], each[1]))[:count]


def topped(frame, column, dimension):
    """Values beyond the most frequent ones drop out, or share a row."""
    keep = [v is None or marked(v) in dimension["kept"] for v in frame[column]]
    if not dimension.get("other"):
        return only(frame, keep).reset_index(drop=True)
    shown = [v if k else OTHER for v, k in zip(frame[column], keep, strict=True)]
    return frame.assign(**{column: pd.Series(shown, dtype=object)})


def marked(value):
    return (type(value) is bool, value)


def equal_edges(values, count):
    numbers = [v for v in values if v is not None]
    if not numbers:
        return []
    low, high = min(numbers), max(numbers)
    width = (high - low) / count
    return sorted({low + n * width for n in range(1, count)} - {low})


def bin_label(value, edges):
    below = [edge for edge in edges if edge <= value]
    above = [edge for edge in edges if edge > value]
    if not below:
        return f"<{plain(above[0])}" if above else "all"
    return f"{plain(below[-1])}..{plain(above[0])}" if above else f"≥{plain(below[-1])}"


def start_of_bin(label):
    if label == "all" or label.startswith("<"):
        return -math.inf
    return float(label.removeprefix("≥").split("..")[0])


def plain(number):
    return int(number) if isinstance(number, float) and number.is_integer() else number


def key_of(value, dimension, query, kind):
    if value is None or value == []:
        return None
    if "bins" in dimension:
        return bin_of(value, dimension["bins"])
    if granularity_of(dimension):
        return bucket(value, dimension, query)
    return tuple(sorted(value)) if kind == MULTIPLE else value


def bin_of(value, bins):
    if isinstance(bins, list):
        return bin_label(value, bins)
    width = bins["width"]
    number = math.floor(value / width)
    number += 1 if (number + 1) * width <= value else 0
    number -= 1 if number * width > value else 0
    return f"{plain(number * width)}..{plain((number + 1) * width)}"


def local_of(value, dimension, query):
    if oracle.kind_of(dimension["field"]) == "date":
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(ZoneInfo(dimension.get("timezone", query.get("timezone", "UTC"))))


def bucket(value, dimension, query):
    local, granularity = local_of(value, dimension, query), granularity_of(dimension)
    week_start = query.get("week_start", "monday")
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


def buckets_between(start, end, dimension, query):
    """Every bucket that a moment from `start` to before `end` lies in, in their order."""
    granularity = granularity_of(dimension)
    if granularity in CYCLES:
        return CYCLES[granularity]
    # Clocks change by whole quarters of an hour, and no day is shorter than a few hours.
    step = {"minute": "1min"}.get(granularity) or ("15min" if granularity in CLOCK else "3h")
    moments = [
        *pd.date_range(start, end, freq=step, inclusive="left"),
        end - timedelta(milliseconds=1),
    ]
    return list(dict.fromkeys(bucket(each, dimension, query) for each in moments))


def ends_of_series(query, frame, bounds, dimension):
    """Those of the span where it is about this time, else of what the responses hold."""
    start, end = bounds
    if granularity_of(dimension) in CYCLES:
        return bounds
    if dimension["field"] != query.get("time_field", "submitted_at"):
        start = end = None
    given = [aware(each) for each in frame[dimension["field"]] if each is not None]
    if not given and (start is None or end is None):
        return None
    return start or min(given), end or max(given) + timedelta(milliseconds=1)


def aware(value):
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def split(frame, keys):
    """The rows of an answer: each is of responses, and of none twice."""
    if not keys:
        return [((), frame)]
    columns = [f"#k{place}" for place in range(len(keys))]
    tags = [
        str([(type(v) is bool, plain(v)) for v in values]) for values in frame[columns].to_numpy()
    ]
    ids = frame["#response"].map(lambda response: response.id)
    return [
        (tuple(group.iloc[0][c] for c in columns), group.loc[~ids[group.index].duplicated()])
        for _, group in frame.groupby(pd.Series(tags, index=frame.index, dtype=object), sort=False)
    ]
