"""The query language as a JSON Schema, made of the same names and limits as the parser.

What it refuses always is refused. What it accepts may still be: it can't know the fields of a form,
nor say how many conditions there are and how deep, that names differ and edges rise, that integers
are exact and the letters of a name printable.
"""

from functools import cache
from typing import Any

from analytics.query import clocks, limits
from analytics.query.ast import Aggregate, Granularity

from . import dimensions, measures, parser, ranges
from .conditions import LISTED, LONGEST_NEEDLE, TEXT_TESTS
from .filters import HAVING_OPERATORS, OPERATORS

Schema = dict[str, Any]

COUNT = Aggregate.COUNT.value
NAME = {"type": "string", "minLength": 1}
LABEL = {
    "type": "string",
    "minLength": 1,
    "maxLength": limits.MAX_NAME_LENGTH,
    "pattern": r"^(?!\$)(?=.*\S)[^\u0000-\u001f\u007f]*$",
}
NUMBER = {"type": "number"}
BOOLEAN = {"type": "boolean"}
NULLABLE_SCALAR = {"type": ["string", "number", "boolean", "null"]}
NOW = {
    "type": "object",
    "properties": {"$now": {"type": "string", "pattern": f"^{clocks.EXPRESSION}$"}},
    "required": ["$now"],
    "additionalProperties": False,
}
PAIR = {
    "type": "array",
    "minItems": 2,
    "maxItems": 2,
    "items": {"anyOf": [{"type": ["string", "null"]}, NOW]},
}
RANGE = {"anyOf": [{"type": "string", "pattern": f"^({ranges.PATTERN})$"}, PAIR]}


@cache
def query_schema() -> Schema:
    """Draft 2020-12, closed: an unknown key is an error."""
    properties: Schema = {
        "aggregate": {"enum": _short_aggregates()},
        "value": _or_null(NAME),
        "measures": _list(_ref("measure"), most=limits.MAX_MEASURES),
        "group_by": {
            "anyOf": [
                {"type": "null"},
                _ref("dimension"),
                _list(_ref("dimension"), most=limits.MAX_DIMENSIONS),
            ]
        },
        "filter": _ref("filter"),
        "having": _ref("having"),
        "sort": {
            "anyOf": [
                {"type": "null"},
                _ref("sort"),
                _list(_ref("sort"), most=limits.MAX_SORT_KEYS),
            ]
        },
        "limit": _whole(1, limits.MAX_LIMIT),
        "offset": _whole(0, limits.MAX_OFFSET),
        "after": _or_null({**NAME, "maxLength": parser.LONGEST_CURSOR}),
        "time_field": _or_null(NAME),
        "date_range": _or_null(RANGE),
        "compare": _or_null({"anyOf": [{"enum": list(ranges.COMPARISONS)}, PAIR]}),
        "timezone": _or_null(NAME),
        "week_start": _or_null({"enum": list(parser.WEEK_STARTS)}),
        "versions": {
            "anyOf": [
                {"enum": list(parser.VERSIONS)},
                _list(_whole(1, limits.LARGEST_INTEGER), most=parser.MOST_VERSIONS),
            ]
        },
        "include": _or_null(_list({"enum": list(parser.INCLUDED)}, most=len(parser.INCLUDED))),
        "shape": _or_null({"enum": list(parser.SHAPES)}),
        "test": _or_null({"enum": list(parser.TESTS)}),
        "weights": _or_null(NAME),
        "sample": _or_null(_object(rate=_rate(), seed=_whole(0, limits.LARGEST_INTEGER))),
        "max_time_ms": _whole(limits.MIN_TIME_MS, limits.MOST_TIME_MS),
        "engine": _or_null({"enum": list(parser.ENGINES)}),
    }
    assert tuple(properties) == parser.KEYS  # noqa: S101 - what the parser knows, no more, no less
    properties["sample"]["anyOf"][1]["required"] = ["rate"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:formplatform:analytics-query:2",
        "title": "Analytics query",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "oneOf": [{"required": ["aggregate"]}, {"required": ["measures"]}],
        "if": {"required": ["aggregate"], "properties": {"aggregate": {"const": COUNT}}},
        "else": {"oneOf": [_with_value(), {"not": {"anyOf": [_key("aggregate"), _key("value")]}}]},
        "$defs": _definitions(),
    }


def _short_aggregates() -> list[str]:
    needs_more = (Aggregate.PERCENTILE, Aggregate.RATIO)
    return [each.value for each in Aggregate if each not in needs_more]


def _definitions() -> Schema:
    return {
        "measure": {"anyOf": [{"const": COUNT}, *_measures()]},
        "dimension": {"anyOf": [NAME, _dimension()]},
        "filter": _conditions("filter", [NULLABLE_SCALAR, NOW]),
        "tests": _tests(_operators()),
        "having": _conditions("having", [NUMBER]),
        "figure tests": _tests(dict.fromkeys(HAVING_OPERATORS, NUMBER)),
        "sort": {**_object(field=NAME, desc=BOOLEAN), "required": ["field"]},
    }


def _measures() -> list[Schema]:
    """What each op takes and needs."""
    special = (Aggregate.COUNT, Aggregate.PERCENTILE, Aggregate.RATIO)
    plain = [each.value for each in Aggregate if each not in special]
    percent = {"type": "number", "minimum": 0, "maximum": 100}
    shown = {"as": _or_null(LABEL)}
    of_field = {"field": NAME, **shown, "filter": _ref("filter")}
    found = [
        _whole_object(op={"const": COUNT}, optional={**of_field, "field": _or_null(NAME)}),
        _whole_object(op={"enum": plain}, field=NAME, optional=of_field),
        _whole_object(op={"const": "percentile"}, field=NAME, p=percent, optional=of_field),
        _whole_object(op={"const": "ratio"}, num=NAME, den=NAME, optional=shown),
    ]
    known = {key for each in found for key in each["properties"]}
    assert known == {*measures.KEYS}  # noqa: S101 - as above
    return found


def _dimension() -> Schema:
    described = _object(
        field=NAME,
        **{"as": _or_null(LABEL)},
        granularity=_or_null({"enum": [each.value for each in Granularity]}),
        timezone=_or_null(NAME),
        bins=_or_null(_bins()),
        explode=_or_null(BOOLEAN),
        top=_or_null(_whole(1, limits.MAX_TOP)),
        other=_or_null(BOOLEAN),
        missing=_or_null(LABEL),
    )
    assert tuple(described["properties"]) == dimensions.KEYS  # noqa: S101 - as above
    rest = {"required": ["other"], "properties": {"other": BOOLEAN}}
    top = {"required": ["top"], "properties": {"top": {"type": "integer"}}}
    return {**described, "required": ["field"], "if": rest, "then": top}


def _bins() -> Schema:
    width = {"type": "number", "minimum": limits.LEAST_WIDTH}
    count = _whole(dimensions.FEWEST_BINS, limits.MAX_BINS)
    return {
        "anyOf": [
            _list(NUMBER, most=limits.MAX_BINS),
            {**_object(width=width), "required": ["width"]},
            {**_object(count=count), "required": ["count"]},
        ]
    }


def _operators() -> Schema:
    text = {"type": "string", "minLength": 1, "maxLength": LONGEST_NEEDLE}
    operand = {"anyOf": [NULLABLE_SCALAR, NOW]}
    special: Schema = {
        "$exists": BOOLEAN,
        "$empty": BOOLEAN,
        "$between": {"type": "array", "minItems": 2, "maxItems": 2, "items": operand},
        "$date_range": RANGE,
        "$not": _ref("tests"),
        **dict.fromkeys(LISTED, _list(operand, most=limits.MAX_LIST_ITEMS)),
        **dict.fromkeys(TEXT_TESTS, text),
    }
    return {name: special.get(name, operand) for name in OPERATORS}


def _conditions(name: str, direct: list[Schema]) -> Schema:
    members = _list(_ref(name), most=limits.MAX_CONDITIONS)
    tests = _ref("tests" if name == "filter" else "figure tests")
    return {
        "type": "object",
        "properties": {"$and": members, "$or": members, "$not": _ref(name)},
        "patternProperties": {r"^(?!\$)": {"anyOf": [*direct, tests]}},
        "additionalProperties": False,
    }


def _tests(operators: Schema) -> Schema:
    return {**_object(**operators), "minProperties": 1}


def _key(name: str) -> Schema:
    return {"required": [name]}


def _with_value() -> Schema:
    return {"required": ["aggregate", "value"], "properties": {"value": NAME}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [{"type": "null"}, schema]}


def _list(item: Schema, *, most: int) -> Schema:
    return {"type": "array", "items": item, "minItems": 1, "maxItems": most}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _whole_object(*, optional: Schema, **required: Schema) -> Schema:
    return {**_object(**{**optional, **required}), "required": list(required)}


def _whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _rate() -> Schema:
    return {"type": "number", "exclusiveMinimum": 0, "maximum": 1}
