"""A wrong query is refused with its path, a code and a hint, and never reaches a store."""

import json

import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from analytics.query.ast import Query
from analytics.query.errors import QueryError
from analytics.query_builder import QueryDSL, execute_analytics_query
from formplatform.core.errors import InvalidInputError
from formplatform.forms.ids import new_id
from tests.test_analytics import study
from tests.test_analytics.questions.random_queries import queries

DSL = QueryDSL(study.version(new_id()))
COUNT = {"aggregate": "count"}


def filtered(condition):
    return COUNT | {"filter": condition}


def nested(levels):
    condition = {"member": True}
    for _ in range(levels):
        condition = {"$and": [condition]}
    return filtered(condition)


REFUSED = [
    ({}, "aggregate", "required", "count, missing, count_distinct"),
    ({"aggregate": "quantile"}, "aggregate", "unknown_aggregate", "Known: avg"),
    ({"aggregate": "cuont"}, "aggregate", "unknown_aggregate", 'Did you mean "count"?'),
    (COUNT | {"groupby": "age"}, "groupby", "unknown_key", 'Did you mean "group_by"?'),
    (COUNT | {"group_by": "deprtment"}, "group_by", "unknown_field", 'Did you mean "department"?'),
    (COUNT | {"group_by": "data.stat"}, "group_by", "unknown_field", 'Did you mean "state"?'),
    (COUNT | {"group_by": "care"}, "group_by", "not_groupable", "care.food, care.staff"),
    (COUNT | {"group_by": "care.fod"}, "group_by", "unknown_row", 'Did you mean "food"?'),
    (COUNT | {"group_by": "scan"}, "group_by", "not_groupable", "grouped"),
    (COUNT | {"group_by": ["age", "age"]}, "group_by[1]", "repeated", "different"),
    (COUNT | {"group_by": ["age"] * 7}, "group_by", "out_of_range", "one to 6"),
    (COUNT | {"group_by": ["age", 5]}, "group_by[1]", "wrong_type", "name of a field"),
    (COUNT | {"group_by": {"fild": "age"}}, "group_by.fild", "unknown_key", '"field"'),
    (
        COUNT | {"group_by": {"field": "age", "granularity": "day"}},
        "group_by",
        "wrong_type",
        "date",
    ),
    (
        COUNT | {"group_by": {"field": "seen", "granularity": "dya"}},
        "group_by.granularity",
        "unknown_granularity",
        '"day"',
    ),
    (
        COUNT | {"group_by": {"field": "seen", "timezone": "Europe/Pari"}},
        "group_by.timezone",
        "unknown_timezone",
        '"Europe/Paris"',
    ),
    (
        COUNT | {"group_by": {"field": "born", "timezone": "UTC"}},
        "group_by.timezone",
        "wrong_type",
        "",
    ),
    ({"aggregate": "sum", "value": "born"}, "value", "wrong_type", "a number"),
    ({"aggregate": "max", "value": "note"}, "value", "wrong_type", "a date"),
    ({"aggregate": "min", "value": "email"}, "value", "personal_data", "personal"),
    (COUNT | {"sort": {"field": "age"}}, "sort.field", "unknown_column", "value"),
    (COUNT | {"sort": {"field": "value", "desc": 1}}, "sort.desc", "wrong_type", "true or false"),
    (COUNT | {"sort": {"fields": "value"}}, "sort.fields", "unknown_key", '"field"'),
    (filtered([]), "filter", "wrong_type", "object"),
    (filtered({"department": "ITT"}), "filter.department", "unknown_option", '"IT"'),
    (
        filtered({"department": {"$gt": "it"}}),
        "filter.department.$gt",
        "operator_not_allowed",
        "$in",
    ),
    (filtered({"tags": ["red"]}), "filter.tags", "wrong_type", "$in"),
    (filtered({"tags": {"$in": []}}), "filter.tags.$in", "out_of_range", "1000"),
    (filtered({"tags": {"$in": ["red", 5]}}), "filter.tags.$in[1]", "wrong_type", "text"),
    (filtered({"age": {"$gte": "18"}}), "filter.age.$gte", "wrong_type", "number"),
    (filtered({"age": {"$gt": None}}), "filter.age.$gt", "wrong_type", "number"),
    (filtered({"age": True}), "filter.age", "wrong_type", "number"),
    (filtered({"age": 10**400}), "filter.age", "out_of_range", "2^53"),
    (filtered({"age": float("nan")}), "filter.age", "out_of_range", "finite"),
    (filtered({"age": {"$gte ": 1}}), "filter.age.$gte ", "unknown_operator", '"$gte"'),
    (filtered({"member": 1}), "filter.member", "wrong_type", "true or false"),
    (filtered({"born": "2026-02-30"}), "filter.born", "wrong_type", "2026-01-31"),
    (filtered({"wakes": "25:00"}), "filter.wakes", "wrong_type", "14:30:00"),
    (filtered({"seen": {"$lt": "yesterday"}}), "filter.seen.$lt", "wrong_type", "2026-01-31"),
    (filtered({"submitted_at": 5}), "filter.submitted_at", "wrong_type", "text"),
    (filtered({"submitted_at": "9999-12-31"}), "filter.submitted_at", "out_of_range", "far"),
    (filtered({"note": "a\x00b"}), "filter.note", "wrong_type", "characters"),
    (filtered({"note": "\ud800"}), "filter.note", "wrong_type", "characters"),
    (filtered({"note": "x" * 2001}), "filter.note", "out_of_range", "2000"),
    (filtered({"email": "a@b.c"}), "filter.email", "personal_data", "personal"),
    (filtered({"order": "x"}), "filter.order", "not_queryable", "$exists"),
    (filtered({"order": {"$exists": 1}}), "filter.order.$exists", "wrong_type", "true or false"),
    (filtered({"$or": []}), "filter.$or", "wrong_type", "at least one"),
    (filtered({"$or": {"age": 1}}), "filter.$or", "wrong_type", "list"),
    (filtered({"$or": [{"aeg": 1}]}), "filter.$or[0].aeg", "unknown_field", '"age"'),
    (filtered({"$nor": [{}]}), "filter.$nor", "unknown_operator", '"$or"'),
    (filtered({"$expr": {}}), "filter.$expr", "unknown_operator", ""),
    (filtered({"$or": [{"age": n} for n in range(101)]}), "filter.$or", "too_many", "100"),
    (nested(9), "filter" + ".$and[0]" * 9, "too_deep", "8"),
]


@pytest.mark.parametrize(("query", "path", "code", "hint"), REFUSED)
def test_a_refusal_names_the_place_the_code_and_the_remedy(query, path, code, hint):
    with pytest.raises(QueryError) as refused:
        DSL.parse(query)
    (error,) = refused.value.errors
    assert (error.field, error.code) == (path, code)
    assert hint in error.message
    assert refused.value.status == 400


def test_a_query_is_refused_before_any_response_is_read(form_id, form_store, monkeypatch):
    def read(*_, **__):
        pytest.fail("a response was read")

    for name in {"scan_changes", "change_mark", "aggregate_responses"} & set(dir(form_store)):
        monkeypatch.setattr(type(form_store), name, read)
    for query, *_ in REFUSED:
        with pytest.raises(InvalidInputError):
            execute_analytics_query(form_id, query)


def test_a_name_of_a_megabyte_is_refused_at_once():
    with pytest.raises(QueryError) as refused:
        DSL.parse(filtered({"age" * 350_000: 1}))
    assert len(refused.value.errors[0].message) < 1000


def test_what_lies_within_the_limits_is_accepted():
    DSL.parse(nested(8))
    DSL.parse(filtered({"age": {"$in": [*range(999), None]}}))
    DSL.parse(filtered({"$or": [{"age": n} for n in range(100)]}))
    DSL.parse(COUNT | {"limit": 10_000, "filter": {}})
    DSL.parse(filtered({"email": {"$exists": True}, "scan": {"$ne": None}}))
    DSL.parse({"aggregate": "count", "value": "email"})


KEYS = ["aggregate", "group_by", "filter", "sort", "limit", "value", "field"]
OPERATIONS = ["$or", "$and", "$not", "$eq", "$in", "$gt", "$where", "$", ""]
NAMES = ["age", "data.tags", "department", "__proto__", "a.b"]
names = st.sampled_from(KEYS + OPERATIONS + NAMES)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    names,
    st.sampled_from(["count", "sum", "2026-01-01", "red", "it"]),
)
anything = st.recursive(
    scalars,
    lambda each: st.one_of(
        st.lists(each, max_size=4), st.dictionaries(st.one_of(names, st.text(max_size=5)), each)
    ),
    max_leaves=12,
)


@hypothesis_settings(max_examples=1500, deadline=None)
@given(query=st.one_of(anything, st.builds(lambda body: COUNT | {"filter": body}, anything)))
def test_whatever_comes_is_understood_or_refused(query):
    try:
        assert isinstance(DSL.parse(query), Query)
    except QueryError as refused:
        (error,) = refused.errors
        assert error.field
        json.dumps([error.field, error.message], ensure_ascii=False).encode()


def strings(node):
    if isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)
    elif isinstance(node, str):
        yield node


OURS = {f"data.{field['id']}" for field in study.DEFINITION["fields"]}
OURS |= {"data.care.food", "data.care.staff", "submitted_at", "updated_at", "version", "source"}
OPERATORS = {
    "$match", "$group", "$sort", "$limit", "$unwind", "$and", "$or", "$nor", "$eq", "$in", "$gt",
    "$gte", "$lt", "$lte", "$sum", "$avg", "$min", "$max", "$cond", "$ifNull", "$dateToString",
    "$dateFromString",
}  # fmt: skip


@hypothesis_settings(max_examples=300, deadline=None)
@given(query=queries())
def test_only_our_own_operators_and_paths_reach_the_database(query):
    pipeline = DSL.to_mongo_pipeline(query)
    compared = {each for stage in pipeline if "$match" in stage for each in values(stage["$match"])}
    for text in strings(pipeline):
        if text.startswith("$") and text not in compared:
            assert text in OPERATORS or text.removeprefix("$") in OURS


def values(node):
    """The texts a condition compares with."""
    if isinstance(node, dict):
        return {text for value in node.values() for text in values(value)}
    if isinstance(node, list):
        return {text for value in node for text in values(value)}
    return {node} if isinstance(node, str) else set()
