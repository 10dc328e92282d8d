"""Fields are read in their order, and what a stranger sends costs little."""

import difflib

import pytest

from formplatform.core.errors import InvalidInputError
from formplatform.forms.schema import problems
from formplatform.forms.schema.answers import validate_answers
from formplatform.forms.schema.definition import parse_definition
from formplatform.forms.schema.diff import diff_definitions
from formplatform.forms.schema.personal import ever_personal


def form(*fields):
    return parse_definition({"fields": list(fields)})


def number(field_id, **more):
    return {"id": field_id, "type": "number", **more}


def text(field_id, **more):
    return {"id": field_id, "type": "long_text", **more}


def calculated(field_id, expression, **more):
    return {"id": field_id, "type": "calculated", "expression": expression, **more}


def errors(definition, answers):
    with pytest.raises(InvalidInputError) as refused:
        validate_answers(definition, answers)
    return [(error.field, error.code) for error in refused.value.errors]


def over(field_id, value):
    return {"visible_if": {"field": field_id, "op": "gt", "value": value}}


DOUBLED = form(
    number("a"),
    calculated("c", "a * 2"),
    text("r", required=True, **over("c", 10)),
)


def test_a_condition_may_ask_a_calculated_field_before_it():
    assert validate_answers(DOUBLED, {"a": 50, "r": "x"}).data == {"a": 50, "c": 100, "r": "x"}
    assert errors(DOUBLED, {"a": 50}) == [("r", "required")]
    assert validate_answers(DOUBLED, {"a": 1, "r": "x"}).data == {"a": 1, "c": 2}


def test_an_answer_to_a_hidden_field_is_left_out_whatever_it_is():
    definition = form(number("a"), number("b", **over("a", 5)))
    assert validate_answers(definition, {"a": 1, "b": "no number"}).data == {"a": 1}
    assert errors(definition, {"a": 6, "b": "no number"}) == [("b", "wrong_type")]


def test_behind_a_wrong_answer_nothing_is_demanded():
    assert errors(DOUBLED, {"a": "wrong"}) == [("a", "wrong_type")]


def test_what_is_calculated_from_a_hidden_field_is_missing():
    definition = form(number("a"), number("b", **over("a", 5)), calculated("c", "b + 1"))
    assert validate_answers(definition, {"a": 1, "b": 3}).data == {"a": 1}


@pytest.mark.parametrize("blank", ["   ", "\u2003", "\n\t", "\u200b", "\ufeff \u2060"])
def test_a_text_of_blanks_is_no_answer(blank):
    definition = form(text("r", required=True))
    assert errors(definition, {"r": blank}) == [("r", "required")]


def test_a_text_does_not_contain_what_is_no_text():
    asking = {"visible_if": {"field": "t", "op": "contains", "value": 5}}
    definition = form(text("t"), number("n", **asking))
    assert validate_answers(definition, {"t": "5", "n": 1}).data == {"t": "5"}


@pytest.fixture
def compared(monkeypatch):
    """How many words were compared for hints."""
    counted = []
    find = difflib.get_close_matches

    def count(word, known, **options):
        counted.append(len(known))
        return find(word, known, **options)

    monkeypatch.setattr(problems, "get_close_matches", count)
    return counted


def test_many_unknown_keys_are_counted_and_few_are_named_with_a_hint(compared):
    definition = form(*(number(f"field_{n}") for n in range(90)))
    found = errors(definition, {f"feild_{n}": 1 for n in range(9000)})
    assert len(found) == 21
    assert found[0] == ("feild_0", "unknown_field")
    assert found[20] == ("answers", "unknown_field")
    assert sum(compared) <= 300


def test_no_hint_is_looked_for_among_hundreds_of_names(compared):
    options = [f"option {n}" for n in range(1000)]
    fields = [{"id": f"f{n}", "type": "choice", "options": options} for n in range(200)]
    found = errors(form(*fields), {f"f{n}": "optoin 1" for n in range(200)})
    assert {code for _, code in found} == {"not_an_option"}
    assert compared == []


def test_a_calculated_text_is_never_longer_than_an_answer_may_be():
    parts = ", ".join(["a"] * 60)
    definition = form(
        text("a"), calculated("b", f"concat({parts})"), calculated("c", "concat(b, b)")
    )
    short, long = (validate_answers(definition, {"a": "x" * n}).data for n in (10, 50_000))
    assert (len(short["b"]), len(short["c"])) == (600, 1200)
    assert long.keys() == {"a"}


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ('concat("if(", a)', "if(1"),
        ('if (a > 0, "yes", "no")', "yes"),
        ('if(a > 0, if(a > 1, "b", "c"), "no")', "c"),
    ],
)
def test_if_is_a_function_and_only_where_it_is_called(expression, result):
    definition = form(number("a"), calculated("c", expression))
    assert validate_answers(definition, {"a": 1}).data["c"] == result


@pytest.mark.parametrize(
    "expression", ["if(a, 1)", "abs(a, a)", "round()", "sum()", "a if a else 1", "concat()"]
)
def test_a_function_with_too_few_or_many_arguments_is_refused(expression):
    with pytest.raises(InvalidInputError) as refused:
        form(number("a"), calculated("c", expression))
    assert [(e.field, e.code) for e in refused.value.errors][:1] == [
        ("fields[1].expression", "invalid_expression")
    ]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("url", "http://."),
        ("url", "http://-"),
        ("url", "http://<script>"),
        ("url", "https://example.org\\@evil.example"),
        ("url", "https:///path"),
        ("url", "http://[fe80::1%<script>]/"),
        ("url", "http://999.999.999.999/"),
        ("url", "http://0x7f.1/"),
        ("email", "a@1.2"),
        ("email", "a@127.0.0.1"),
    ],
)
def test_an_address_needs_a_host_that_can_be_one(kind, answer):
    assert errors(form({"id": "x", "type": kind}), {"x": answer}) == [("x", f"invalid_{kind}")]


@pytest.mark.parametrize(
    "answer",
    ["http://localhost:8000/", "https://example.org./a?b#c", "http://[::1]/", "http://10.0.0.1"],
)
def test_addresses_of_every_spelling_are_taken(answer):
    assert validate_answers(form({"id": "x", "type": "url"}), {"x": answer}).data == {"x": answer}


def test_a_field_is_personal_if_any_version_says_so_or_calculates_it_from_one():
    first = form(text("name", pii=True), text("mail", pii=True), text("city"))
    second = form(
        text("name", pii=True),
        text("mail"),
        text("city"),
        calculated("greeting", 'concat("Dear ", name)'),
        calculated("again", "concat(greeting, mail)"),
    )
    assert ever_personal([first, second]) == {"name", "mail", "greeting", "again"}
    assert ever_personal([second, first]) == {"name", "mail", "greeting", "again"}


def test_every_setting_that_changed_is_in_the_difference_in_a_fixed_order():
    options = [{"id": each, "label": each.upper()} for each in "abc"]
    rows = [{"id": "r", "label": "R"}]
    before = form(
        number("n"),
        {"id": "x", "type": "matrix", "columns": options, "rows": rows},
        calculated("c", "n + 1"),
    )
    after = form(
        number("n"),
        {
            "id": "x",
            "type": "matrix",
            "columns": [options[2], options[0], {"id": "d", "label": "D"}],
            "rows": [{"id": "r", "label": "Row"}, {"id": "s", "label": "S"}],
            "pii": True,
            "description": "why",
            "page": "two",
            **over("n", 1),
        },
        calculated("c", "n + 2"),
    )
    found = [
        (each.field, each.kind, each.before, each.after) for each in diff_definitions(before, after)
    ]
    assert found == [
        ("x", "description", "", "why"),
        ("x", "pii", "False", "True"),
        ("x", "page", "None", "two"),
        ("x", "visible_if", "None", '{"field": "n", "op": "gt", "value": 1}'),
        ("x", "option_added", None, "d"),
        ("x", "option_removed", "b", None),
        ("x", "options_reordered", "a, c", "c, a"),
        ("x", "row_relabelled", "R", "Row"),
        ("x", "row_added", None, "s"),
        ("c", "expression", "n + 1", "n + 2"),
    ]


@pytest.mark.parametrize("digits", [10**9, -(10**9), 401, -401])
def test_rounding_to_more_digits_than_any_number_has_gives_nothing(digits):
    definition = form(number("a"), number("digits"), calculated("c", "round(a, digits)"))
    answers = {"a": 12345, "digits": digits}
    assert validate_answers(definition, answers).data == answers
    assert validate_answers(definition, {"a": 12345, "digits": -2}).data["c"] == 12300


@pytest.mark.parametrize("expression", ["m * a", "a * m", "m + m", "m", "max(m)", "if(a, m, m)"])
def test_a_calculated_answer_is_never_a_list(expression):
    several = {"id": "m", "type": "multi_choice", "options": ["x", "y"]}
    definition = form(number("a"), several, calculated("c", expression))
    answers = {"a": 3, "m": ["x"]}
    assert validate_answers(definition, answers).data == answers


@pytest.mark.parametrize("mark", ["\\0", "\\ud800", "\\x1b"])
def test_an_expression_writes_no_text_that_no_answer_may_hold(mark):
    with pytest.raises(InvalidInputError) as refused:
        form(text("a"), calculated("c", f'concat(a, "{mark}")'))
    assert refused.value.errors[0].code == "invalid_expression"
    definition = form(text("a"), calculated("c", 'concat(a, "\\n")'))
    assert validate_answers(definition, {"a": "x"}).data["c"] == "x\n"


def test_behind_an_answer_that_may_be_hidden_nothing_is_demanded():
    definition = form(
        number("a"),
        number("b", **over("a", 5)),
        text("r", required=True, **over("b", 5)),
    )
    assert errors(definition, {"a": "wrong", "b": 9}) == [("a", "wrong_type")]
    assert errors(definition, {"a": 9, "b": 9}) == [("r", "required")]


def test_few_hints_are_looked_for_however_many_answers_are_no_options(compared):
    options = [f"option {n}" for n in range(40)]
    fields = [{"id": f"f{n}", "type": "choice", "options": options} for n in range(200)]
    found = errors(form(*fields), {f"f{n}": "optoin 1" for n in range(200)})
    assert len(found) == 200
    assert 0 < sum(compared) <= 300


def test_few_hints_are_looked_for_however_many_keys_a_definition_makes_up(compared):
    with pytest.raises(InvalidInputError) as refused:
        form(text("a", **{f"descriptoin{n}": 1 for n in range(500)}))
    assert len(refused.value.errors) == 500
    assert "'description'" in refused.value.errors[0].message
    assert 0 < sum(compared) <= 100


@pytest.mark.parametrize(
    ("kind", "earliest", "latest", "inside", "early", "late"),
    [
        ("date", "2026-01-01", "2026-01-31", "2026-01-31", "2025-12-31", "2026-02-01"),
        ("time", "08:00", "18:30", "18:30:00", "07:59:59", "18:30:01"),
        (
            "datetime",
            "2026-01-01T00:00:00+02:00",
            "2026-01-01T00:00:00Z",
            "2025-12-31T22:00:00.000Z",
            "2025-12-31T23:59:59.999+02:00",
            "2026-01-01T00:00:00.001Z",
        ),
    ],
)
def test_a_date_or_time_keeps_to_its_bounds(kind, earliest, latest, inside, early, late):
    definition = form({"id": "x", "type": kind, "earliest": earliest, "latest": latest})
    assert validate_answers(definition, {"x": inside}).data == {"x": inside}
    assert errors(definition, {"x": early}) == [("x", "too_early")]
    assert errors(definition, {"x": late}) == [("x", "too_late")]
    again = parse_definition(definition.to_json())
    assert again.to_json() == definition.to_json()
    assert errors(again, {"x": late}) == [("x", "too_late")]


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"earliest": "31.1.2026"}, [("fields[0].earliest", "invalid_date")]),
        ({"latest": 5}, [("fields[0].latest", "wrong_type")]),
        (
            {"earliest": "2026-02-01", "latest": "2026-01-31"},
            [("fields[0].earliest", "invalid_setting")],
        ),
    ],
)
def test_bounds_of_a_date_are_dates_in_their_order(settings, wrong):
    with pytest.raises(InvalidInputError) as refused:
        form({"id": "x", "type": "date", **settings})
    assert [(error.field, error.code) for error in refused.value.errors] == wrong


def test_bounds_of_a_date_that_changed_are_in_the_difference():
    before, after = (
        form({"id": "x", "type": "date", "latest": day}) for day in ("2026-01-31", "2026-02-28")
    )
    found = [(each.kind, each.before, each.after) for each in diff_definitions(before, after)]
    assert found == [("latest", "2026-01-31", "2026-02-28")]
