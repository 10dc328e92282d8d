"""A condition that no answer can ever meet is refused before anybody waits for its field."""

from itertools import product

import pytest

from formplatform.core.errors import InvalidInputError
from formplatform.forms.schema.definition import parse_definition
from formplatform.forms.schema.drafts import parse_draft
from formplatform.forms.schema.types.registry import field_types

OPTIONS = {"options": [{"id": "yes", "label": "Yes, gladly"}, {"id": "no", "label": "No"}]}
SETTINGS = {
    "choice": OPTIONS,
    "multi_choice": OPTIONS,
    "ranking": OPTIONS,
    "matrix": {"rows": [{"id": "food"}], "columns": [{"id": "good"}]},
    "calculated": {"expression": "1 + 1"},
    "integer": {"minimum": 0, "maximum": 120},
    "date": {"earliest": "2020-01-01"},
}


def asking(kind, op, value):
    """A form whose second field is shown where the first one's answer is so."""
    condition = {"field": "first", "op": op, "value": value}
    return {
        "fields": [
            {"id": "first", "type": kind, **SETTINGS.get(kind, {})},
            {"id": "then", "type": "text", "visible_if": {"all": [condition]}},
        ]
    }


@pytest.mark.parametrize(
    ("kind", "op", "value"),
    [
        ("choice", "eq", "yes"),
        ("choice", "in", ["yes", "no"]),
        ("multi_choice", "contains", "no"),
        ("multi_choice", "eq", ["yes", "no"]),
        ("ranking", "eq", ["no", "yes"]),
        ("matrix", "eq", {"food": "good"}),
        ("boolean", "ne", False),
        ("integer", "eq", 18),
        ("integer", "eq", 18.0),
        ("integer", "gte", 17.5),
        ("integer", "lt", 200),
        ("rating", "gt", 0),
        ("text", "contains", "go"),
        ("email", "contains", "@example.org"),
        ("text", "eq", "Go"),
        ("date", "lt", "2019-12-31"),
        ("time", "gte", "08:30:00"),
        ("calculated", "eq", "anything"),
    ],
)
def test_a_condition_that_can_hold_is_taken(kind, op, value):
    kept = parse_draft(asking(kind, op, value)).to_json()["fields"][1]["visible_if"]
    assert kept == {"all": [{"field": "first", "op": op, "value": value}]}


@pytest.mark.parametrize(
    ("kind", "op", "value", "said"),
    [
        ("choice", "eq", "Yes, gladly", "write 'yes'"),
        ("choice", "eq", "yess", "Did you mean 'yes'?"),
        ("choice", "in", ["yes", "maybe"], "is ever 'maybe'"),
        ("choice", "gt", "no", "have no order"),
        ("choice", "contains", "ye", "ask with eq, ne or in"),
        ("multi_choice", "contains", "Yes, gladly", "not the id of an option"),
        ("multi_choice", "contains", ["yes"], "not the id of an option"),
        ("multi_choice", "eq", ["no", "yes"], "write ['yes', 'no']"),
        ("multi_choice", "eq", "yes", "list of option ids"),
        ("boolean", "eq", "true", "is ever 'true'"),
        ("boolean", "eq", 1, "is ever 1"),
        ("integer", "eq", "18", "is ever '18'"),
        ("integer", "eq", 18.5, "is ever 18.5"),
        ("integer", "eq", 121, "at most 120"),
        ("integer", "gt", "18", "Expected a number"),
        ("integer", "gt", True, "Expected a number"),
        ("integer", "contains", 1, "contain nothing"),
        ("text", "eq", 5, "Expected text"),
        ("text", "contains", 5, "A text contains texts"),
        ("email", "eq", "ada@EXAMPLE.org", "write 'ada@example.org'"),
        ("date", "gt", "last week", "is ever 'last week'"),
        ("date", "gt", 2020, "is ever 2020"),
        ("time", "lt", "8:30", "is ever '8:30'"),
    ],
)
def test_a_condition_that_no_answer_meets_is_refused_with_the_remedy(kind, op, value, said):
    with pytest.raises(InvalidInputError) as refused:
        parse_draft(asking(kind, op, value))

    (error,) = refused.value.errors
    assert (error.field, error.code) == ("fields[1].visible_if", "invalid_condition")
    assert said in error.message


def test_versions_of_before_are_read_as_they_were_published():
    assert parse_definition(asking("choice", "eq", "Yes, gladly")).fields[1].visible_if


@pytest.mark.parametrize("kind", sorted(field_types().keys() - {"calculated"}))
def test_no_value_makes_more_of_it_than_a_refusal(kind):
    strange = (None, True, 10**400, float("nan"), "", [], {}, [[]], "\ud800")
    for op, value in product(("eq", "ne", "lt", "lte", "gt", "gte", "contains"), strange):
        codes = codes_of(asking(kind, op, value))
        assert set(codes) <= {"invalid_condition"}


def codes_of(raw):
    try:
        parse_draft(raw)
    except InvalidInputError as refused:
        return [error.code for error in refused.errors]
    return []
