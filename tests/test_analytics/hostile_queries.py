"""Hostile queries, each with a name and the place that has to be refused.

They ask the study of `tests.test_analytics.study` without the right to read personal answers. Every
group is a generator of (name, body, beginning of the path); a body that is `Text` is sent as it is.
"""

import base64
import itertools
import json

from analytics.query.parser import KEYS, parse
from tests.test_analytics import hostile_values  # noqa: F401 - its groups are some of ours
from tests.test_analytics.hostile_groups import (
    COUNT,
    GROUPS,
    LONG,
    Hostile,
    filtered,
    group,
    short,
)


def every_hostile_query():
    return [each for make in GROUPS.values() for each in make()]


OPERATORS = [
    "$where", "$expr", "$regex", "$options", "$function", "$accumulator", "$jsonSchema", "$text",
    "$mod", "$size", "$type", "$elemMatch", "$nor", "$comment", "$slice", "$meta", "$near",
    "$geoWithin", "$bitsAllSet", "$rand", "$sampleRate", "$lookup", "$out", "$merge", "$unionWith",
    "$graphLookup", "$facet", "$group", "$project", "$set", "$unset", "$currentOp", "$literal",
    "$let", "$map", "$convert", "$getField", "$$ROOT", "$$NOW", "$", "$$", "$GT", "$gt ", "$in\x00",
]  # fmt: skip
CODE = "function() { while (true) {} }"


@group
def operators_of_the_database():
    for operator in OPERATORS:
        place = f"filter.{operator}"
        yield Hostile(f"{operator!r} as a filter", filtered({operator: CODE}), place)
        on_a_field = {"age": {operator: CODE}}
        yield Hostile(f"{operator!r} on a field", filtered(on_a_field), f"filter.age.{operator}")
        negated = filtered({"$not": {"$and": [{"age": {"$not": {operator: 1}}}]}})
        yield Hostile(f"{operator!r} below negations", negated, "filter.$not.$and[0].age.$not")
        having = LONG | {"having": {"count": {operator: 1}}}
        yield Hostile(f"{operator!r} in having", having, f"having.count.{operator}")


@group
def expressions_in_place_of_operands():
    operands = [
        {"$gt": ""}, {"$ne": None}, {"$where": "1"}, {"$regex": "(a+)+$"}, {"$literal": 1},
        {"$in": [1]}, ["$age"], [["red"]], {}, {"$now": {"$now": "-1d"}},
    ]  # fmt: skip
    for operator, operand in itertools.product(("$eq", "$ne", "$gt", "$lte"), operands):
        body = filtered({"age": {operator: operand}})
        yield Hostile(f"age {operator} {short(operand)}", body, f"filter.age.{operator}")
    for operator, operand in itertools.product(("$in", "$nin", "$all"), operands[:5]):
        body = filtered({"tags": {operator: [operand]}})
        yield Hostile(f"tags {operator} [{short(operand)}]", body, f"filter.tags.{operator}[0]")


BOMBS = ["(a+)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", ".*" * 500, "(?R)", "\\"]


@group
def patterns():
    for bomb in BOMBS:
        yield Hostile(f"$regex {short(bomb)}", filtered({"note": {"$regex": bomb}}), "filter.note")
        named = filtered({bomb: 1})
        yield Hostile(f"a field called {short(bomb)}", named, "filter.")
        listed = filtered({"note": {"$in": [{"$regex": bomb, "$options": "i"}]}})
        yield Hostile(f"$regex {short(bomb)} in a list", listed, "filter.note.$in[0]")
    for test in ("$contains", "$icontains", "$starts_with", "$ends_with"):
        for needle in ("", "x" * 201, 5, ["a"], {"$regex": "a"}, None, "\x00"):
            body = filtered({"note": {test: needle}})
            yield Hostile(f"note {test} {short(needle)}", body, f"filter.note.{test}")
        yield Hostile(f"age {test}", filtered({"age": {test: "1"}}), f"filter.age.{test}")


FIELDS = [
    "data", "data.", "data..age", "data.data.age", ".age", "age.", "age.0", "age.$", "age.$gt",
    "tags.0", "tags.$[]", "care.food.good", "care.$food", "care.__proto__", "$age", "$$ROOT",
    "data.$where", "data.$$ROOT", "data.$$CURRENT.email", "_id", "id", "form_id", "deleted_at",
    "dispatched_at", "idempotency_key", "submitted_by", "submitted_at.$year", "__proto__",
    "constructor", "prototype.polluted", "data.__proto__", "__class__.__mro__", "hasOwnProperty",
    "a\x00ge", "data.\x00", "age\u200b", "\u202eega", "\uff41ge", "\u0430ge", "AGE", " age", "age ",
    "age\n", "\ud800", "'; DROP TABLE forms_responserow; --", "age' OR '1'='1", 'age" --',
    "../../etc/passwd", "%00", "{{age}}", "${age}", "x" * 5_000, "salary_of_another_form",
]  # fmt: skip
"""Names the study does not have, though they look like something."""


@group
def field_paths():
    for name in FIELDS:
        shown = short(name)
        yield Hostile(f"grouped by {shown}", COUNT | {"group_by": name}, "group_by")
        yield Hostile(f"filtered by {shown}", filtered({name: 1}), "filter.")
        figure = {"measures": [{"op": "sum", "field": name}]}
        yield Hostile(f"the sum of {shown}", figure, "measures[0]")
        yield Hostile(f"weighed by {shown}", COUNT | {"weights": name}, "weights")
        by_name = {"sort": [{"field": "value"}, {"field": name}]}
        if name != "_id":  # the group itself, by which rows can be sorted
            yield Hostile(f"sorted by {shown}", COUNT | by_name, "sort[1].field")


UNKNOWN_KEYS = [
    "$where", "$match", "pipeline", "aggregate ", "Aggregate", "from", "collection", "database",
    "form", "form_id", "records", "select", "fields", "raw", "sql", "where", "let", "allowDiskUse",
    "maxTimeMS", "hint", "comment", "readConcern", "explain", "personal", "personal_allowed",
    "digest", "__proto__", "constructor", "", "\x00", "filter\u200b", "f\u0456lter", "filter.age",
    "x" * 5_000,
]  # fmt: skip


@group
def unknown_keys():
    for key in UNKNOWN_KEYS:
        yield Hostile(f"the key {short(key)}", COUNT | {key: 1}, key[:20] or "query")
    nested = {
        "group_by": {"field": "age", "$where": 1},
        "sort": {"field": "value", "$meta": "textScore"},
        "sample": {"rate": 0.5, "size": 10},
    }
    for name, value in nested.items():
        yield Hostile(f"an unknown key in {name}", COUNT | {name: value}, f"{name}.")
    measure = {"op": "count", "pipeline": []}
    yield Hostile("an unknown key in a measure", {"measures": [measure]}, "measures[0].pipeline")
    bins = {"field": "age", "bins": {"edges": [1]}}
    yield Hostile("an unknown key in bins", COUNT | {"group_by": bins}, "group_by.bins.edges")


WRONG_EVERYWHERE = [0.5, True, "\x00", [[]], {"$gt": ""}, {"$where": CODE}]


@group
def wrong_types_at_every_key():
    for key, value in itertools.product(KEYS, WRONG_EVERYWHERE):
        base = {} if key in ("aggregate", "measures") else COUNT
        yield Hostile(f"{key}: {short(value)}", base | {key: value}, key)
    for body in ([], [COUNT], "count", "", 5, True, None, [[[]]]):
        yield Hostile(f"the whole body {short(body)}", body, "query")
    for key in ("op", "field", "as", "p", "filter", "num", "den"):
        measure = {"op": "percentile", "field": "age", "p": 5} | {key: ["$x"]}
        yield Hostile(f"a list as {key} of a measure", {"measures": [measure]}, "measures[0].")
    for key in ("field", "as", "granularity", "timezone", "top", "explode", "missing"):
        dimension = {"field": "seen"} | {key: {"$x": 1}}
        body = COUNT | {"group_by": dimension}
        yield Hostile(f"an object as {key} of a group", body, f"group_by.{key}")


def deep(levels, make):
    condition = {"member": True}
    for _ in range(levels):
        condition = make(condition)
    return condition


@group
def giants():
    shapes = {
        "$and": lambda inner: {"$and": [inner]},
        "$or": lambda inner: {"$or": [inner, {"age": 1}]},
        "$not": lambda inner: {"$not": inner},
    }
    for (name, make), levels in itertools.product(shapes.items(), (9, 20, 90)):
        yield Hostile(f"{levels} levels of {name}", filtered(deep(levels, make)), f"filter.{name}")
    tests = {"$gt": 1}
    for _ in range(12):
        tests = {"$not": tests}
    yield Hostile("12 levels of $not on a field", filtered({"age": tests}), "filter.age.$not")
    many = [{"age": number} for number in range(101)]
    yield Hostile("101 conditions in a list", filtered({"$or": many}), "filter.$or")
    spread = {"$and": [{"$or": many[:60]}, {"$or": many[60:]}]}
    yield Hostile("101 conditions in two lists", filtered(spread), "filter.$and[1]")
    for operator in ("$in", "$nin"):
        body = filtered({"age": {operator: list(range(1_001))}})
        yield Hostile(f"{operator} of 1001 values", body, f"filter.age.{operator}")
    yield Hostile("$in of a million", filtered({"age": {"$in": [1] * 100_000}}), "filter.age.$in")
    lists = {
        "measures": ({}, [{"op": "count", "as": f"m{n}"} for n in range(21)]),
        "group_by": (COUNT, ["age"] * 7),
        "sort": (COUNT, [{"field": "value"}] * 9),
        "versions": (COUNT, list(range(1, 5_000))),
        "include": (COUNT, ["totals"] * 5_000),
    }
    for key, (base, value) in lists.items():
        yield Hostile(f"{len(value)} in {key}", base | {key: value}, key)
    yield Hostile("a text of 2001 letters", filtered({"note": "x" * 2_001}), "filter.note")
    yield Hostile("a name of 300,000 letters", filtered({"age" * 100_000: 1}), "filter.")
    label = {"measures": [{"op": "count", "as": "x" * 201}]}
    yield Hostile("a label of 201 letters", label, "measures[0].as")


@group
def personal_answers():
    for name in ("email", "data.email"):
        yield Hostile(f"grouped by {name}", COUNT | {"group_by": name}, "group_by")
        crossed = COUNT | {"group_by": ["department", {"field": name, "top": 1}]}
        yield Hostile(f"the most frequent {name}", crossed, "group_by[1]")
        for operator in ("$eq", "$ne", "$gt", "$contains", "$starts_with"):
            body = filtered({name: {operator: "a"}})
            yield Hostile(f"{name} {operator}", body, f"filter.{name}.{operator}")
        for operator in ("$in", "$nin", "$any"):
            body = filtered({name: {operator: ["a@b.c"]}})
            yield Hostile(f"{name} {operator}", body, f"filter.{name}.{operator}")
        for op in ("min", "max", "first", "last", "mode", "sum", "median", "csat", "ces"):
            figure = {"measures": [{"op": op, "field": name}]}
            yield Hostile(f"the {op} of {name}", figure, "measures[0].field")
        part = {"measures": [{"op": "count", "filter": {name: "a@b.c"}}]}
        yield Hostile(f"counted by {name}", part, f"measures[0].filter.{name}")
        yield Hostile(f"weighed by {name}", COUNT | {"weights": name}, "weights")
        yield Hostile(f"sorted by {name}", COUNT | {"sort": {"field": name}}, "sort.field")
        empty = filtered({name: {"$empty": True}})
        yield Hostile(f"{name} $empty", empty, f"filter.{name}.$empty")


OPAQUE = {"care": "matrix", "order": "ranking", "scan": "file"}


@group
def answers_that_cannot_be_compared():
    for name, kind in OPAQUE.items():
        yield Hostile(f"grouped by a {kind}", COUNT | {"group_by": name}, "group_by")
        yield Hostile(f"a {kind} equals", filtered({name: "x"}), f"filter.{name}")
        yield Hostile(f"the sum of a {kind}", COUNT | {"aggregate": "sum", "value": name}, "value")
        distinct = {"measures": [{"op": "count_distinct", "field": name}]}
        yield Hostile(f"different {kind} answers", distinct, "measures[0].field")
    for name in ("department", "tags", "member"):
        yield Hostile(f"{name} $gt", filtered({name: {"$gt": "it"}}), f"filter.{name}.$gt")
    for name in ("note", "department", "tags", "member", "born"):
        yield Hostile(f"the average of {name}", {"aggregate": "avg", "value": name}, "value")


def cursor(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@group
def cursors():
    query = LONG | {"group_by": ["age"], "sort": [{"field": "count", "desc": True}]}
    digest = parse(query).digest
    forged = {
        "junk": "not-a-cursor",
        "nothing": "=",
        "half a letter": "A",
        "other letters": "é\u202e",
        "a NUL": "\x00",
        "no list": base64.urlsafe_b64encode(b'"x"').decode(),
        "a number": base64.urlsafe_b64encode(b"5").decode(),
        "broken JSON": base64.urlsafe_b64encode(b"[1,").decode(),
        "a deep list": base64.urlsafe_b64encode(b"[" * 1_500).decode()[:2_040],
        "an empty list": cursor(),
        "no digest": cursor(None, False, 1, 1),
        "another query's digest": cursor("0" * 16, False, 1, 1),
        "too few places": cursor(digest, False),
        "too many places": cursor(digest, False, 1, 1, 1),
        "an object as a place": cursor(digest, False, {"$gt": ""}, 1),
        "a pickle": base64.urlsafe_b64encode(b"\x80\x04cos\nsystem\n.").decode(),
        "too long": "A" * 2_049,
    }
    for name, text in forged.items():
        yield Hostile(f"a cursor of {name}", query | {"after": text}, "after")
    whole = cursor(digest, False, 1, 1)
    stale = {
        "another filter": query | {"filter": {"age": 1}},
        "another order": query | {"sort": [{"field": "count"}]},
        "another group": query | {"group_by": ["score"]},
        "another zone": query | {"timezone": "Europe/Paris"},
        "other versions": query | {"versions": "latest"},
    }
    for name, body in stale.items():
        yield Hostile(f"a cursor of a query with {name}", body | {"after": whole}, "after")
    for value in (5, ["x"], {"$gt": ""}, True, ""):
        yield Hostile(f"the cursor {short(value)}", query | {"after": value}, "after")


UNREADABLE = {
    "NaN": '{"aggregate": "count", "filter": {"age": NaN}}',
    "Infinity": '{"aggregate": "count", "filter": {"age": {"$gt": -Infinity}}}',
    "a number of 5000 digits": '{"aggregate": "count", "limit": ' + "9" * 5_000 + "}",
    "100,000 lists in each other": '{"aggregate": "count", "filter": ' + "[" * 100_000,
    "100,000 objects in each other": '{"aggregate": "count", "filter": ' + '{"$not":' * 100_000,
    "half an object": '{"aggregate": "count"',
    "single quotes": "{'aggregate': 'count'}",
    "a comment": '{"aggregate": "count"} // no',
    "no JSON": "aggregate=count",
    "bytes that are no text": b'{"aggregate": "count", "value": "\xff\xfe"}',
}
"""No JSON at all: there is no place in it to name."""
