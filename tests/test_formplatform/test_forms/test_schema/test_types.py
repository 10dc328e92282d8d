"""Every registered field type, through the door: a definition of one field and an answer."""

import math

import pytest
from hypothesis import given, strategies as st

from formplatform.core.errors import InvalidInputError
from formplatform.forms.schema.answers import validate_answers
from formplatform.forms.schema.definition import parse_definition
from formplatform.forms.schema.types.registry import field_types

OPTIONS = ["Red", "Green", "Blue"]
EXTRAS = {
    "choice": {"options": OPTIONS},
    "multi_choice": {"options": OPTIONS},
    "ranking": {"options": OPTIONS},
    "matrix": {"rows": ["Taste", "Price"], "columns": ["Good", "Bad"]},
}
GOOD = [
    ("text", "Ada", "Ada"),
    ("text", "A\u030a", "\u00c5"),
    ("long_text", "one\ntwo", "one\ntwo"),
    ("email", " Ada@Example.ORG ", "Ada@example.org"),
    ("url", "https://example.org/a?b=c", "https://example.org/a?b=c"),
    ("phone", "+49 (30) 1234-567", "+49 (30) 1234-567"),
    ("integer", 7, 7),
    ("integer", 7.0, 7),
    ("integer", 2**53 - 1, 2**53 - 1),
    ("number", 1.5, 1.5),
    ("number", 3, 3),
    ("boolean", False, False),
    ("date", "2026-02-28", "2026-02-28"),
    ("time", "18:30", "18:30:00"),
    ("datetime", "2026-01-31T18:30:00+02:00", "2026-01-31T16:30:00.000Z"),
    ("choice", "red", "red"),
    ("choice", "Red", "red"),
    ("multi_choice", ["Blue", "red"], ["red", "blue"]),
    ("rating", 5, 5),
    ("scale", 7, 7),
    ("nps", 0, 0),
    ("matrix", {"Price": "Bad", "taste": "good"}, {"taste": "good", "price": "bad"}),
    ("ranking", ["blue", "red", "green"], ["blue", "red", "green"]),
    (
        "file",
        {"id": "f1", "name": "cv.pdf", "size": 3, "content_type": "application/pdf"},
        {"id": "f1", "name": "cv.pdf", "size": 3, "content_type": "application/pdf"},
    ),
    ("hidden", "campaign-7", "campaign-7"),
]
BAD = [
    ("text", 7, "wrong_type"),
    ("text", "a\x00b", "invalid_text"),
    ("text", "line\nbreak", "invalid_text"),
    ("text", "\ud800", "invalid_text"),
    ("text", "x" * 1001, "too_long"),
    ("email", "ada", "invalid_email"),
    ("email", "ada@localhost", "invalid_email"),
    ("email", "a..b@example.org", "invalid_email"),
    ("url", "javascript:alert(1)", "invalid_url"),
    ("url", "http://[::1", "invalid_url"),
    ("url", "https://exa mple.org", "invalid_url"),
    ("phone", "call me", "invalid_phone"),
    ("integer", True, "wrong_type"),
    ("integer", 1.5, "wrong_type"),
    ("integer", 2**53, "out_of_range"),
    ("integer", 10**400, "out_of_range"),
    ("integer", "7", "wrong_type"),
    ("number", True, "wrong_type"),
    ("number", math.nan, "out_of_range"),
    ("number", math.inf, "out_of_range"),
    ("boolean", 1, "wrong_type"),
    ("boolean", "true", "wrong_type"),
    ("date", "2026-02-30", "invalid_date"),
    ("date", "28.02.2026", "invalid_date"),
    ("time", "25:00", "invalid_time"),
    ("datetime", "2026-01-31T18:30:00", "invalid_datetime"),
    ("datetime", "9999-12-31T23:59:59-23:59", "invalid_datetime"),
    ("choice", "mauve", "not_an_option"),
    ("choice", ["red"], "wrong_type"),
    ("choice", {"$gt": ""}, "wrong_type"),
    ("multi_choice", "red", "wrong_type"),
    ("multi_choice", ["red", "Red"], "duplicate_option"),
    ("multi_choice", ["mauve"], "not_an_option"),
    ("rating", 6, "too_large"),
    ("scale", 0, "too_small"),
    ("nps", 11, "too_large"),
    ("matrix", {"taste": "mauve"}, "not_an_option"),
    ("matrix", {"mauve": "good"}, "not_an_option"),
    ("matrix", ["good"], "wrong_type"),
    ("ranking", ["red"], "too_few"),
    ("ranking", ["red", "red", "blue"], "duplicate_option"),
    ("file", "cv.pdf", "wrong_type"),
    ("file", {"id": "f", "name": "n", "size": -1, "content_type": "t"}, "too_small"),
    ("calculated", 7, "not_writable"),
]


def one_field(kind, **settings):
    extra = {"expression": "1 + 1"} if kind == "calculated" else EXTRAS.get(kind, {})
    return parse_definition({"fields": [{"id": "f", "type": kind, **extra, **settings}]})


def codes(definition, answers):
    with pytest.raises(InvalidInputError) as refused:
        validate_answers(definition, answers)
    return [(error.field, error.code) for error in refused.value.errors]


def test_every_type_of_the_registry_is_covered_here():
    named = {kind for kind, _, _ in GOOD} | {"calculated"}

    assert named == set(field_types())
    assert {kind for kind, _, _ in BAD} | {"long_text", "hidden"} == set(field_types())


@pytest.mark.parametrize(("kind", "answer", "canonical"), GOOD)
def test_a_good_answer_becomes_canonical(kind, answer, canonical):
    assert validate_answers(one_field(kind), {"f": answer}).data == {"f": canonical}


@pytest.mark.parametrize(("kind", "answer", "canonical"), GOOD)
def test_cleaning_a_canonical_answer_changes_nothing(kind, answer, canonical):
    assert validate_answers(one_field(kind), {"f": canonical}).data == {"f": canonical}


@pytest.mark.parametrize(("kind", "answer", "canonical"), GOOD)
def test_a_canonical_answer_survives_a_cell_of_text(kind, answer, canonical):
    definition = one_field(kind)
    field, field_type = definition.fields[0], field_types()[kind]

    read = field_type.from_text(field_type.to_text(canonical, field), field)

    assert validate_answers(definition, {"f": read}).data == {"f": canonical}


@pytest.mark.parametrize(("kind", "answer", "code"), BAD)
def test_a_bad_answer_is_refused_with_its_code(kind, answer, code):
    assert codes(one_field(kind), {"f": answer}) == [("f", code)]


@pytest.mark.parametrize(("kind", "settings", "answer", "code"), [
    ("integer", {"minimum": 18}, 17, "too_small"),
    ("number", {"maximum": 1}, 1.1, "too_large"),
    ("text", {"min_length": 3}, "ab", "too_short"),
    ("text", {"max_length": 3}, "abcd", "too_long"),
    ("text", {"pattern": "[a-z]+"}, "abc1", "pattern_mismatch"),
    ("multi_choice", {"minimum": 2}, ["red"], "too_few"),
    ("multi_choice", {"maximum": 1}, ["red", "blue"], "too_many"),
    ("matrix", {"required": True}, {"taste": "good"}, "too_few"),
    ("rating", {"maximum": 10}, 11, "too_large"),
])  # fmt: skip
def test_a_setting_is_kept(kind, settings, answer, code):
    assert codes(one_field(kind, **settings), {"f": answer}) == [("f", code)]


def test_a_pattern_that_costs_others_minutes_costs_a_moment():
    definition = one_field("text", pattern="(a+)+b", max_length=1000)

    assert codes(definition, {"f": "a" * 1000}) == [("f", "pattern_mismatch")]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(categories=None, exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", sorted(field_types()))
@given(answer=json_values)
def test_whatever_is_answered_is_canonical_or_refused(kind, answer):
    definition = one_field(kind)
    try:
        data = validate_answers(definition, {"f": answer}).data
    except InvalidInputError as refused:
        assert [error.field for error in refused.errors] == ["f"]  # noqa: PT017 - either is fine
    else:
        rest = {key: value for key, value in data.items() if kind != "calculated"}
        assert validate_answers(definition, rest).data == data
