"""Queries that were right until something in them was changed, at random but reproducibly."""

import copy
import random

ORIGINALS = [
    {
        "aggregate": "count",
        "group_by": "data.department",
        "filter": {
            "submitted_at": {"$gte": "2026-01-01"},
            "data.status": {"$eq": "approved"},
        },
    },
    {
        "aggregate": "sum",
        "value": "amount",
        "group_by": ["department", "tags"],
        "sort": {"field": "value", "desc": True},
        "limit": 5,
    },
    {
        "measures": [
            "count",
            {"op": "avg", "field": "age", "as": "a"},
            {"op": "percentile", "field": "age", "p": 95},
            {"op": "ratio", "num": "a", "den": "count", "as": "r"},
            {"op": "count", "as": "older", "filter": {"age": {"$gt": 3}}},
        ],
        "group_by": [{"field": "department", "as": "d", "missing": "none"}],
        "having": {"$or": [{"count": {"$gte": 2}}, {"a": {"$gt": 1}}]},
        "sort": [{"field": "a", "desc": True}, {"field": "d"}],
        "offset": 1,
        "include": ["totals", "share", "ci"],
    },
    {
        "measures": ["count"],
        "group_by": [{"field": "submitted_at", "granularity": "day", "timezone": "Europe/Paris"}],
        "date_range": "last_30_days",
        "compare": "previous_period",
        "timezone": "Asia/Kathmandu",
        "week_start": "sunday",
        "include": ["empty_buckets"],
    },
    {
        "measures": ["count"],
        "group_by": [
            {"field": "amount", "bins": [0, 10, 100]},
            {"field": "tags", "top": 2, "other": True},
            {"field": "age", "bins": {"width": 10}},
        ],
        "versions": [1, 2],
        "time_field": "updated_at",
        "date_range": ["2026-01-01", {"$now": "-1d/d"}],
    },
    {"measures": ["count"], "group_by": ["department", "status"], "shape": "crosstab"},
    {"measures": ["count"], "group_by": [{"field": "tags", "explode": False}], "weights": "amount"},
    {"measures": [{"op": "csat", "field": "score"}, {"op": "ces", "field": "effort", "as": "e"}]},
    {"aggregate": "median", "value": "age", "sample": {"rate": 0.5, "seed": 3}, "max_time_ms": 500},
    {
        "aggregate": "count",
        "filter": {
            "$and": [
                {"$or": [{"age": {"$between": [1, 20]}}, {"tags": {"$all": ["red", "blue"]}}]},
                {"$not": {"note": {"$icontains": "z"}}},
                {"born": {"$date_range": ["2000-01-01", None]}, "care.food": "good"},
                {"seen": {"$gte": {"$now": "-3mo/mo"}}, "scan": {"$exists": False}},
                {"department": {"$in": ["it", None]}, "age": {"$not": {"$gt": 5}}},
            ]
        },
    },
]
VALUES = [
    None, True, 0, 1, -1, 2.0, 0.5, -0.0, 1e308, 5e-324, 2**53, -(2**63), 10**30,
    "", " ", "age", "data.", "$where", "__proto__", "age\x00", "\u200b", "e\u0301", "\U0001f600",
    "x" * 201, "x" * 2001, "1e5", "1\u0663", "2026-02-30", "9999-12-31",
    "0001-01-01T00:00:00+14:00", "2026-W01-1", "24:00", "Mars/Phobos", "../UTC", "localtime",
    "last_0_days", "last_9999_years",
    "last_1\u0663_days", "-9999y", "/d", "count", "ratio", "latest", "it", "_id", "value",
    [], {}, [[]], [None, None], [2, 1], ["2026-01-01", "2025-01-01"], {"$now": "-1d"}, {"$now": 5},
    {"$gt": 1}, {"$not": {}}, {"$not": {"$not": {"$gt": 1}}}, {"$and": []}, {"$or": [{}]},
    {"field": "age", "bins": {"count": 100}}, {"field": "amount", "bins": {"width": 1e-300}},
    {"field": "note", "top": 1000, "other": True, "missing": "(other)"}, {"count": 2}, {"rate": 1},
    {"field": "seen", "granularity": "minute"}, list(range(1001)), ["count"] * 21,
]  # fmt: skip
NAMES = [
    "age", "amount", "department", "status", "tags", "note", "born", "wakes", "seen", "member",
    "email", "care", "care.food", "order", "scan", "submitted_at", "updated_at", "version",
]  # fmt: skip


def mutated_queries(number, *, seed):
    rng = random.Random(seed)
    for _ in range(number):
        query = copy.deepcopy(rng.choice(ORIGINALS))
        for _ in range(rng.choice((1, 1, 2, 3))):
            query = _changed(query, rng)
        yield query


def _changed(query, rng):
    """With one node changed."""
    path = rng.choice(list(_paths(query)))
    (change,) = rng.choices(list(CHANGES), CHANGES.values())
    return _put(query, path, change(_at(query, path), rng))


def _replaced(_node, rng):
    return copy.deepcopy(rng.choice(VALUES))


def _named(_node, rng):
    return rng.choice(NAMES)


def _grafted(_node, rng):
    other = rng.choice(ORIGINALS)
    return copy.deepcopy(_at(other, rng.choice(list(_paths(other)))))


def _wrapped(node, rng):
    for _ in range(rng.choice((1, 3, 9))):
        node = rng.choice(({"$not": node}, {"$and": [node]}, [node]))
    return node


def _doubled(node, rng):
    return [*node, rng.choice(node)] if isinstance(node, list) and node else [node, node]


def _renamed(node, rng):
    if not isinstance(node, dict) or not node:
        return node
    gone = rng.choice(list(node))
    return {(rng.choice(KEYS) if key == gone else key): node[key] for key in node}


def _without(node, rng):
    if not isinstance(node, dict) or not node:
        return node
    gone = rng.choice(list(node))
    return {key: node[key] for key in node if key != gone}


CHANGES = {
    _replaced: 10, _named: 3, _grafted: 2, _wrapped: 1, _doubled: 1, _renamed: 2, _without: 1
}  # fmt: skip


def _paths(node, path=()):
    yield path
    children = node.items() if isinstance(node, dict) else ()
    children = enumerate(node) if isinstance(node, list) else children
    for key, child in children:
        yield from _paths(child, (*path, key))


def _at(node, path):
    for key in path:
        node = node[key]
    return node


def _put(query, path, value):
    if not path:
        return value
    _at(query, path[:-1])[path[-1]] = value
    return query


KEYS = sorted(
    {key for query in ORIGINALS for path in _paths(query) for key in path if isinstance(key, str)}
)
