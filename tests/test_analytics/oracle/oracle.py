"""A naive reading of the query language, straight over responses: what the executors must say."""

import functools
import unicodedata
from collections import defaultdict
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from formplatform.core import clock
from tests.test_analytics.oracle import pandas_spans
from tests.test_analytics.study import DEFINITION

FIELDS = {field["id"]: field for field in DEFINITION["fields"]}
NAMES = {field.get("name", field["id"]): field["id"] for field in DEFINITION["fields"]}
FACTS = {"submitted_at", "updated_at", "version", "form_version", "source"}


PLACE: ContextVar = ContextVar("place", default=({}, None))
"""The query that is read, whose zone says where days begin, and the moment it is asked at."""


def set_place(query, now):
    PLACE.set((query, now))


def zone():
    return PLACE.get()[0].get("timezone", "UTC")


def value_of(response, name):
    if name in FACTS:
        return getattr(response, name.removeprefix("form_"))
    bare, _, row = name.removeprefix("data.").partition(".")
    answer = response.data.get(NAMES.get(bare, bare))
    return answer if not row or answer is None else answer.get(row)


def kind_of(name):
    if name in FACTS:
        return {"version": "integer", "form_version": "integer", "source": "text"}.get(name, "fact")
    bare, _, row = name.removeprefix("data.").partition(".")
    return "choice" if row else FIELDS[NAMES.get(bare, bare)]["type"]


def listed(name):
    bare = name.removeprefix("data.").partition(".")[0]
    field = FIELDS[NAMES.get(bare, bare)]
    return field.get("options") or field["columns"]


def options_of(name):
    return [each["id"] for each in listed(name)]


def option_id(name, operand):
    return next(o["id"] for o in listed(name) if operand in (o["id"], o["label"]))


def span(name, operand):
    """Half-open: [first, next) of what an operand stands for."""
    kind = kind_of(name)
    if kind not in ("fact", "datetime"):
        return None
    if isinstance(operand, dict):
        first = clock.to_milliseconds(pandas_spans.moment_of(operand["$now"], *PLACE.get()))
        last = first + timedelta(milliseconds=1)
    elif len(operand) == 10:
        here, day = ZoneInfo(zone()), date.fromisoformat(operand)
        first = datetime.combine(day, time(), here).astimezone(UTC)
        last = datetime.combine(day + timedelta(days=1), time(), here).astimezone(UTC)
    else:
        first = datetime.fromisoformat(operand)
        first = first if first.tzinfo else first.replace(tzinfo=UTC)
        last = first + timedelta(milliseconds=1)
    return (first, last) if kind == "fact" else (clock.to_text(first), clock.to_text(last))


def stored(name, operand):
    """As such an answer is stored."""
    if isinstance(operand, dict):
        moment = pandas_spans.moment_of(operand["$now"], *PLACE.get())
        return moment.astimezone(ZoneInfo(zone())).date().isoformat()
    if kind_of(name) == "time":
        return operand if len(operand) == len("HH:MM:SS") else f"{operand}:00"
    return unicodedata.normalize("NFC", operand) if isinstance(operand, str) else operand


def equals(name, value, operand):
    if operand is None or value is None:
        return operand is None and value is None
    if kind_of(name) in ("choice", "multi_choice"):
        operand = option_id(name, operand)
        return operand in value if isinstance(value, list) else value == operand
    if covered := span(name, operand):
        return covered[0] <= value < covered[1]
    return value == stored(name, operand)


def lies_in(name, value, asked):
    """Whether a time lies in a span, a date in its days."""
    start, end = pandas_spans.span(asked, *PLACE.get())
    if value is None:
        return False
    if kind_of(name) == "date":
        here = ZoneInfo(zone())
        start, end = (each and each.astimezone(here).date().isoformat() for each in (start, end))
    elif isinstance(value, str):
        start, end = (each and clock.to_text(each) for each in (start, end))
    return (start is None or value >= start) and (end is None or value < end)


OPPOSITES = {"$ne": "$eq", "$nin": "$in", "$none": "$any"}
TEXTS = {
    "$contains": lambda value, text: text in value,
    "$icontains": lambda value, text: text.lower() in value.lower(),
    "$starts_with": lambda value, text: value.startswith(text),
    "$ends_with": lambda value, text: value.endswith(text),
}


def compare(name, value, operator, operand):
    if operator in OPPOSITES:
        return not compare(name, value, OPPOSITES[operator], operand)
    if operator in TESTS:
        return TESTS[operator](name, value, operand)
    if value is None:
        return False
    if operator in TEXTS:
        return TEXTS[operator](value, stored(name, operand))
    return ordered(name, value, operand)[operator]


TESTS = {
    "$exists": lambda name, value, operand: (value is not None) == operand,
    "$empty": lambda name, value, operand: (value in (None, "", [])) == operand,
    "$eq": equals,
    "$in": lambda name, value, operand: any(equals(name, value, each) for each in operand),
    "$any": lambda name, value, operand: any(equals(name, value, each) for each in operand),
    "$all": lambda name, value, operand: all(equals(name, value, each) for each in operand),
    "$not": lambda name, value, operand: (
        not all(compare(name, value, *each) for each in operand.items())
    ),
    "$date_range": lies_in,
    "$between": lambda name, value, operand: (
        compare(name, value, "$gte", operand[0]) and compare(name, value, "$lte", operand[1])
    ),
}


def ordered(name, value, operand):
    first, last = span(name, operand) or (stored(name, operand), None)
    if last is None:
        below, above = value < first, value > first
    else:
        below, above = value < first, value >= last
    return {"$lt": below, "$lte": not above, "$gt": above, "$gte": not below}


def matches(response, where):
    for key, condition in where.items():
        if key == "$not":
            true = not matches(response, condition)
        elif key in ("$and", "$or"):
            true = (all if key == "$and" else any)(matches(response, each) for each in condition)
        else:
            tests = condition if isinstance(condition, dict) else {"$eq": condition}
            value = value_of(response, key)
            true = all(compare(key, value, op, operand) for op, operand in tests.items())
        if not true:
            return False
    return True


def bucket(value, kind, granularity, zone):
    if value is None:
        return None
    if kind == "date":
        local = datetime.fromisoformat(value)
    else:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        local = moment.astimezone(ZoneInfo(zone))
    if granularity == "week":
        year, week, _ = local.isocalendar()
        return f"{year:04}-W{week:02}"
    length = {"year": 4, "month": 7, "day": 10}.get(granularity)
    return local.isoformat()[:length] if length else f"{local:%Y-%m-%dT%H:00%z}"


def keys_of(response, dimensions):
    found = [()]
    for name, granularity, zone in dimensions:
        value = value_of(response, name)
        kind = kind_of(name)
        if granularity:
            value = bucket(value, kind, granularity, zone)
        values = (value or [None]) if kind == "multi_choice" else [value]
        found = [(*key, each) for key in found for each in values]
    return found


def measure(aggregate, name, responses):
    if name is None:
        return len(responses)
    values = [v for r in responses if (v := value_of(r, name)) is not None]
    if aggregate == "count":
        return len(values)
    if not values:
        return 0 if aggregate == "sum" else None
    if aggregate in ("sum", "avg"):
        total = sum(map(Fraction, values))
        return float(total if aggregate == "sum" else total / len(values))
    extreme = min(values) if aggregate == "min" else max(values)
    return clock.to_text(extreme) if isinstance(extreme, datetime) else extreme


def dimension(asked):
    asked = asked if isinstance(asked, dict) else {"field": asked}
    name = asked["field"]
    timed = kind_of(name) in ("fact", "datetime")
    granularity = asked.get("granularity") or ("day" if timed else None)
    return name, granularity, asked.get("timezone", "UTC")


def below(left, right):
    """BSON's order: missing first."""
    if left is None or right is None:
        return (left is not None) - (right is not None)
    return (left > right) - (left < right)


def order(query, dimensions):
    shown = [name.removeprefix("data.") for name, _, _ in dimensions]
    places = list(range(len(shown)))
    if "sort" not in query:
        if any(granularity for _, granularity, _ in dimensions):
            return [(place, 1) for place in places]
        return [("value", -1), *((place, 1) for place in places)]
    sign = -1 if query["sort"].get("desc") else 1
    name = query["sort"]["field"].removeprefix("data.")
    if name == "_id":
        return [(place, sign) for place in places]
    first = "value" if name == "value" else shown.index(name)
    return [(first, sign), *((place, 1) for place in places if place != first)]


def grouped(query, responses, dimensions):
    groups = defaultdict(list)
    for response in responses:
        if matches(response, query.get("filter", {})):
            for key in keys_of(response, dimensions):
                groups[key].append(response)
    return groups if dimensions else groups | {(): groups[()]}


READ = {"aggregate", "value", "group_by", "filter", "sort", "limit"}
READ_OF_GROUPS = {"field", "granularity", "timezone"}


def can_read(query):
    """Whether a query asks for nothing that only `pandas_oracle` knows."""
    asked = query.get("group_by")
    listed = asked if isinstance(asked, list) else [asked] if asked else []
    groups = [each for each in listed if isinstance(each, dict)]
    return (
        query.keys() <= READ
        and "aggregate" in query
        and query["aggregate"] in ("count", "sum", "avg", "min", "max")
        and all(each.keys() <= READ_OF_GROUPS for each in groups)
    )


def answer(query, responses, now=None):
    set_place(query, now)
    asked = query.get("group_by")
    listed = asked if isinstance(asked, list) else [asked] if asked else []
    dimensions = [dimension(each) for each in listed]
    rows = [
        (key, measure(query["aggregate"], query.get("value"), found))
        for key, found in grouped(query, responses, dimensions).items()
    ]

    def by_order(left, right):
        for place, sign in order(query, dimensions):
            pair = (left[1], right[1]) if place == "value" else (left[0][place], right[0][place])
            if verdict := below(*pair):
                return sign * verdict
        return 0

    rows.sort(key=functools.cmp_to_key(by_order))
    shown = [name.removeprefix("data.") for name, _, _ in dimensions]

    def group(key):
        if isinstance(asked, list):
            return dict(zip(shown, key, strict=True))
        return key[0] if key else None

    return [{"_id": group(key), "value": value} for key, value in rows[: query.get("limit", 1000)]]
