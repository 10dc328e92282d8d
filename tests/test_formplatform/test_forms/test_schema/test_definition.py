from copy import deepcopy

import pytest
from hypothesis import given

from formplatform.core.errors import InvalidInputError
from formplatform.demo.study import load_study
from formplatform.forms.schema.answers import validate_answers
from formplatform.forms.schema.definition import parse_definition
from formplatform.forms.schema.diff import check_successor, diff_definitions

from .test_types import json_values

DISH = {"id": "dish", "type": "choice", "label": "Dish", "options": ["Soup", "Salad"]}
AGE = {"id": "age", "type": "integer", "label": "Age", "minimum": 0}


def errors_of(raw):
    with pytest.raises(InvalidInputError) as refused:
        parse_definition(raw)
    return {(error.field, error.code) for error in refused.value.errors}


def test_the_election_study_is_a_valid_definition_with_valid_answers():
    study = load_study()
    definition = parse_definition(study.definition)

    cleaned = [validate_answers(definition, answers).data for answers in study.answers]

    assert len(cleaned) == 944
    assert all(answers["vote"] in {"clinton", "dole"} for answers in cleaned)
    assert definition.by_id["income"].options[0].id == "none_or_less_than_2_999"


def test_a_canonical_definition_reads_back_as_itself():
    raw = {
        "title": "Lunch",
        "fields": [DISH, {**AGE, "visible_if": {"field": "dish", "op": "eq", "value": "soup"}}],
    }
    canonical = parse_definition(raw).to_json()

    assert parse_definition(deepcopy(canonical)).to_json() == canonical


def test_everything_wrong_is_said_at_once_with_its_place():
    raw = {
        "fields": [
            {"id": "1st", "type": "text"},
            {"id": "a", "type": "txet"},
            {"id": "b", "type": "choice"},
            {"id": "c", "type": "text", "pattern": "(?=x)"},
            {"id": "d", "type": "integer", "minimum": 5, "maximum": 1},
            {"id": "e", "type": "text", "requierd": True},
            {"id": "e", "type": "text"},
            {"id": "g", "type": "choice", "options": [{"id": "x"}, {"id": "x"}]},
        ],
        "titel": "x",
    }

    assert errors_of(raw) == {
        ("fields[0].id", "invalid_id"),
        ("fields[1].type", "unknown_type"),
        ("fields[2].options", "invalid_setting"),
        ("fields[3].pattern", "invalid_pattern"),
        ("fields[4].minimum", "invalid_setting"),
        ("fields[5].requierd", "unknown_key"),
        ("fields[6].id", "duplicate"),
        ("fields[7].options[1]", "duplicate"),
        ("titel", "unknown_key"),
    }


def test_a_typo_gets_a_hint():
    with pytest.raises(InvalidInputError) as refused:
        parse_definition({"fields": [{"id": "a", "type": "intger"}]})

    assert "Did you mean 'integer'?" in refused.value.errors[0].message


@pytest.mark.parametrize("raw", [None, [], "x", {"fields": {}}, {"fields": []}, {"fields": [7]}])
def test_what_is_not_a_definition_is_refused(raw):
    assert errors_of(raw)


@given(raw=json_values)
def test_any_json_at_all_is_parsed_or_refused(raw):
    for candidate in (
        raw,
        {"fields": [raw]},
        {"fields": [{"id": "a", "type": "choice", "options": raw}]},
    ):
        try:
            parse_definition(candidate)
        except InvalidInputError as refused:
            assert refused.errors  # noqa: PT017 - parsed is as good


def test_equal_labels_get_ids_of_their_own_in_order():
    definition = parse_definition(
        {"fields": [{"id": "a", "type": "choice", "options": ["Yes!", "yes", "???"]}]}
    )

    assert [option.id for option in definition.fields[0].options] == ["yes", "yes_2", "option"]


def test_answers_are_taken_by_name_and_kept_by_id():
    definition = parse_definition({"fields": [{**AGE, "name": "years"}]})

    assert validate_answers(definition, {"years": 7}).data == {"age": 7}
    assert validate_answers(definition, {"age": 7}).data == {"age": 7}
    with pytest.raises(InvalidInputError) as refused:
        validate_answers(definition, {"age": 7, "years": 7})
    assert [error.code for error in refused.value.errors] == ["duplicate"]


def test_a_hidden_field_needs_no_answer_and_keeps_none():
    shown = {"field": "dish", "op": "eq", "value": "soup"}
    definition = parse_definition(
        {"fields": [DISH, {**AGE, "required": True, "visible_if": shown}]}
    )

    assert validate_answers(definition, {"dish": "Salad", "age": 7}).data == {"dish": "salad"}
    with pytest.raises(InvalidInputError) as refused:
        validate_answers(definition, {"dish": "Soup"})
    assert [(e.field, e.code) for e in refused.value.errors] == [("age", "required")]


def leaf(op, value):
    return {"field": "a", "op": op, "value": value}


@pytest.mark.parametrize(("condition", "answers", "visible"), [
    ({"all": [leaf("gte", 5), leaf("lt", 9)]}, {"a": 5}, True),
    ({"any": [leaf("eq", 1), leaf("gt", 8)]}, {"a": 5}, False),
    ({"not": {"field": "a", "op": "answered"}}, {}, True),
    ({"field": "a", "op": "empty"}, {"a": 1}, False),
    ({"field": "a", "op": "ne", "value": 1}, {}, True),
    ({"field": "a", "op": "in", "value": [1, 2]}, {"a": 2}, True),
    ({"field": "a", "op": "lte", "value": "x"}, {"a": 2}, False),
])  # fmt: skip
def test_a_condition_decides_who_is_asked(condition, answers, visible):
    fields = [{"id": "a", "type": "integer"}, {"id": "b", "type": "text", "visible_if": condition}]
    definition = parse_definition({"fields": fields})

    data = validate_answers(definition, {**answers, "b": "here"}).data

    assert ("b" in data) is visible


@pytest.mark.parametrize(("expression", "answers", "result"), [
    ("(a + 2) * b", {"a": 1, "b": 3}, 9),
    ("a / b", {"a": 1, "b": 0}, None),
    ("a + b", {"a": 1}, None),
    ("sum(a, b)", {"a": 1}, 1),
    ("mean(a, b)", {"a": 1, "b": 2}, 1.5),
    ("count(a, b)", {}, 0),
    ("max(a, b)", {}, None),
    ('if(a >= 18, "adult", "minor")', {"a": 18}, "adult"),
    ("round(a / b, 2)", {"a": 1, "b": 3}, 0.33),
    ("-a", {"a": 4}, -4),
    ('concat(a, "-", b)', {"a": 1, "b": 2}, "1-2"),
    ("a * b", {"a": 1e308, "b": 10}, None),
])  # fmt: skip
def test_a_calculated_field_is_computed_from_the_others(expression, answers, result):
    fields = [
        {"id": "a", "type": "number"},
        {"id": "b", "type": "number"},
        {"id": "c", "type": "calculated", "expression": expression},
    ]

    assert validate_answers(parse_definition({"fields": fields}), answers).data.get("c") == result


@pytest.mark.parametrize(
    "expression",
    ["", "a +", "a ** 9", "__import__('os')", "a.real", "[a]", "lambda: 1", "a if a else 1",
     "open(a)", "a" * 2000, "1" + "+1" * 300, "f'{a}'", "a := 1", "x"],
)  # fmt: skip
def test_an_expression_cannot_be_more_than_arithmetic(expression):
    fields = [
        {"id": "a", "type": "number"},
        {"id": "c", "type": "calculated", "expression": expression},
    ]

    assert {place for place, _ in errors_of({"fields": fields})} == {"fields[1].expression"}


def test_a_condition_may_ask_only_fields_before_it():
    asks_itself = {**DISH, "visible_if": {"field": "dish", "op": "answered"}}

    assert errors_of({"fields": [asks_itself]}) == {("fields[0].visible_if", "unknown_field")}


def test_a_diff_names_every_change():
    old = parse_definition({"fields": [DISH, AGE, {"id": "old", "type": "text"}]})
    new = parse_definition(
        {
            "fields": [
                {**DISH, "label": "Meal", "options": [{"id": "soup", "label": "Broth"}, "Stew"]},
                {**AGE, "name": "years", "type": "number", "maximum": 120},
                {"id": "new", "type": "text"},
            ]
        }
    )

    changes = {(change.field, change.kind) for change in diff_definitions(old, new)}

    assert changes == {
        ("dish", "relabelled"),
        ("dish", "option_added"),
        ("dish", "option_removed"),
        ("dish", "option_relabelled"),
        ("age", "type_changed"),
        ("age", "renamed"),
        ("age", "maximum"),
        ("new", "added"),
        ("old", "removed"),
    }
    check_successor(old, new)


def test_a_type_that_would_twist_old_answers_is_refused():
    old = parse_definition({"fields": [AGE]})
    new = parse_definition({"fields": [{"id": "age", "type": "date"}]})

    with pytest.raises(InvalidInputError) as refused:
        check_successor(old, new)

    assert refused.value.errors[0].field == "fields[0].type"
