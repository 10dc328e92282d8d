"""From JSON to an unresolved query: keys, shapes, operators and limits; no field is looked up."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from analytics.query import limits
from analytics.query.ast import Shape, WeekStart
from analytics.query.errors import QueryError

from .asked import Asked, Node, RangeAsked, SampleAsked, SortAsked
from .dimensions import parse_dimensions
from .filters import HAVING_OPERATORS, parse_filter
from .measures import parse_measures, parse_short_measure
from .reading import (
    below,
    read_boolean,
    read_integer,
    read_list,
    read_name,
    read_number,
    read_object,
    read_word,
)

KEYS = (
    "aggregate", "value", "measures", "group_by", "filter", "having", "sort", "limit", "offset",
    "after", "time_field", "date_range", "compare", "timezone", "week_start", "versions", "include",
    "shape", "test", "weights", "sample", "max_time_ms", "engine",
)  # fmt: skip
PAGING_KEYS = ("after", "offset", "limit", "max_time_ms", "engine")
"""What asks for another page of the same rows, or for them in another way."""
SORT_KEYS = ("field", "desc")
SAMPLE_KEYS = ("rate", "seed")
INCLUDED = ("totals", "share", "ci", "empty_buckets")
TESTS = ("auto", "chi2", "fisher", "none")
ENGINES = ("rollup", "columnar", "mongodb")
SHAPES = ("rows", "crosstab")
WEEK_STARTS = tuple(day.name.lower() for day in WeekStart)
VERSIONS = ("all", "latest")
MOST_VERSIONS = 100
LONGEST_CURSOR = 2048


def parse(query: object) -> Asked:
    """Check the form of a query. Raises QueryError."""
    body = read_object(query, path="", keys=KEYS)
    short = "measures" not in body
    return Asked(
        measures=(parse_short_measure(body),) if short else parse_measures(body),
        dimensions=tuple(parse_dimensions(body.get("group_by"))),
        shape=_shape(body, short=short),
        listed=isinstance(body.get("group_by"), list),
        filter=_filter(body, "filter"),
        having=_filter(body, "having"),
        sort=_sort(body.get("sort")),
        limit=_whole(body, "limit", limits.DEFAULT_LIMIT, least=1, most=limits.MAX_LIMIT),
        offset=_whole(body, "offset", 0, least=0, most=limits.MAX_OFFSET),
        after=_cursor(body),
        time_field=_name(body, "time_field") or "submitted_at",
        date_range=_range(body, "date_range"),
        compare=_range(body, "compare"),
        timezone=_name(body, "timezone") or "UTC",
        week_start=_week_start(body),
        versions=_versions(body.get("versions", "all")),
        include=_include(body.get("include")),
        test=_word(body, "test", TESTS) or "auto",
        weights=_name(body, "weights"),
        sample=_sample(body.get("sample")),
        max_time_ms=_whole(
            body,
            "max_time_ms",
            limits.MAX_TIME_MS,
            least=limits.MIN_TIME_MS,
            most=limits.MOST_TIME_MS,
        ),
        engine=_word(body, "engine", ENGINES),
        digest=_digest(body),
    )


def _digest(body: Mapping[str, Any]) -> str:
    same = {key: value for key, value in body.items() if key not in PAGING_KEYS}
    text = json.dumps(same, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _shape(body: Mapping[str, Any], *, short: bool) -> Shape:
    asked = _word(body, "shape", SHAPES)
    if asked is None:
        return Shape.SHORT if short else Shape.ROWS
    return Shape(asked)


def _filter(body: Mapping[str, Any], key: str) -> Node | None:
    if key not in body:
        return None
    if key == "having":
        return parse_filter(body[key], path=key, operators=HAVING_OPERATORS)
    return parse_filter(body[key], path=key)


def _sort(asked: object) -> tuple[SortAsked, ...]:
    if asked is None:
        return ()
    if isinstance(asked, list):
        return tuple(read_list(asked, _sort_key, path="sort", most=limits.MAX_SORT_KEYS))
    return (_sort_key(asked, "sort"),)


def _sort_key(asked: object, path: str) -> SortAsked:
    body = read_object(asked, path=path, keys=SORT_KEYS)
    descending = read_boolean(body.get("desc", False), path=below(path, "desc"))
    place = below(path, "field")
    return SortAsked(place, read_name(body.get("field"), path=place), descending)


def _whole(body: Mapping[str, Any], key: str, default: int, *, least: int, most: int) -> int:
    return read_integer(body.get(key, default), path=key, least=least, most=most)


def _name(body: Mapping[str, Any], key: str) -> str | None:
    return read_name(body[key], path=key) if body.get(key) is not None else None


def _word(body: Mapping[str, Any], key: str, known: tuple[str, ...]) -> str | None:
    return read_word(body[key], known, path=key, kind=key) if body.get(key) is not None else None


def _cursor(body: Mapping[str, Any]) -> str | None:
    cursor = _name(body, "after")
    if cursor is not None and len(cursor) > LONGEST_CURSOR:
        raise QueryError("after", "invalid_cursor", "Send meta.next of the page before, unchanged.")
    return cursor


def _week_start(body: Mapping[str, Any]) -> WeekStart:
    asked = _word(body, "week_start", WEEK_STARTS)
    return WeekStart[asked.upper()] if asked else WeekStart.MONDAY


def _range(body: Mapping[str, Any], key: str) -> RangeAsked | None:
    asked = body.get(key)
    if asked is None or isinstance(asked, str):
        return asked
    return read_pair(asked, path=key)


def read_pair(asked: object, *, path: str) -> tuple[Any, Any]:
    """`[first, last]`, either of which may be null."""
    if not isinstance(asked, list) or len(asked) != 2:  # noqa: PLR2004 - a pair
        message = 'The name of a span like "last_30_days", or [first, last], is wanted here.'
        raise QueryError(path, "wrong_type", message)
    return asked[0], asked[1]


def _versions(asked: object) -> str | tuple[int, ...]:
    if isinstance(asked, str):
        return read_word(asked, VERSIONS, path="versions", kind="versions")
    return tuple(read_list(asked, _version, path="versions", most=MOST_VERSIONS))


def _version(asked: object, path: str) -> int:
    return read_integer(asked, path=path, least=1, most=limits.LARGEST_INTEGER)


def _include(asked: object) -> frozenset[str]:
    if asked is None:
        return frozenset()
    return frozenset(read_list(asked, _included, path="include", most=len(INCLUDED)))


def _included(asked: object, path: str) -> str:
    return read_word(asked, INCLUDED, path=path, kind="part")


def _sample(asked: object) -> SampleAsked | None:
    if asked is None:
        return None
    body = read_object(asked, path="sample", keys=SAMPLE_KEYS)
    rate = read_number(body.get("rate"), path="sample.rate")
    if not 0 < rate <= 1:
        raise QueryError("sample.rate", "out_of_range", "Above 0, and 1 at most.")
    most = limits.LARGEST_INTEGER
    return SampleAsked(
        rate, read_integer(body.get("seed", 0), path="sample.seed", least=0, most=most)
    )
