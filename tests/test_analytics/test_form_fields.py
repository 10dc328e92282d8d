"""What analytics knows of a form's fields over its versions."""

import pytest

from analytics.fields.form_fields import fields_of_definition, fields_of_definitions, fields_of_form
from analytics.query.fields import Kind
from formplatform.forms.ids import new_id
from formplatform.forms.schema.definition import parse_definition
from tests.factories.forms import FormVersionFactory


def field(field_id="f", kind="text", **settings):
    return {"id": field_id, "type": kind, "label": field_id, **settings}


def definition(*fields):
    return parse_definition({"fields": list(fields)})


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("age * 2 + 1", Kind.NUMBER),
        ("-age", Kind.NUMBER),
        ("mean(age, 3)", Kind.NUMBER),
        ("age >= 18", Kind.BOOLEAN),
        ("if(age >= 18, 'adult', 'minor')", Kind.TEXT),
        ("if(age >= 18, 1, 'minor')", Kind.MIXED),
        ("concat(age, '!')", Kind.TEXT),
        ("max(age, 18)", Kind.NUMBER),
        ("vote", Kind.TEXT),
        ("tags", Kind.MIXED),
    ],
)
def test_a_calculated_field_is_of_the_kind_its_expression_gives(expression, kind):
    fields = fields_of_definition(
        definition(
            field("age", "integer"),
            field("vote", "choice", options=["Yes", "No"]),
            field("tags", "multi_choice", options=["A", "B"]),
            field("made", "calculated", expression=expression),
        )
    )
    assert fields.find("made").kind is kind


def test_what_is_calculated_from_personal_answers_is_personal():
    fields = fields_of_definition(
        definition(
            field("age", "integer", pii=True),
            field("size", "number"),
            field("double", "calculated", expression="age * 2"),
            field("again", "calculated", expression="double + 1"),
            field("area", "calculated", expression="size * size"),
        )
    )
    assert {each.id for each in fields if each.personal} == {"age", "double", "again"}


def test_a_field_is_as_its_newest_version_says_and_never_less_personal_than_before():
    fields = fields_of_definitions(
        [
            definition(
                field("vote", "choice", options=[{"id": "yes", "label": "Yes"}, {"id": "x"}]),
                field("mail", "email", pii=True),
                field("gone", "integer"),
            ),
            definition(
                field("vote", "choice", name="ballot", options=[{"id": "yes", "label": "Aye"}]),
                field("mail", "text"),
            ),
        ]
    )
    assert fields.find("ballot") is fields.find("vote")
    assert fields.find("vote").options == {"yes": "Aye", "x": "x"}
    assert fields.find("mail").type == "text"
    assert fields.find("mail").personal
    assert fields.find("gone").kind is Kind.NUMBER


def test_a_new_version_is_seen_at_once(form_store):
    form_id = new_id()
    assert list(fields_of_form(form_id)) == []
    for number, field_id in enumerate(("one", "two"), start=1):
        made = definition(field(field_id)).to_json()
        form_store.insert_version(
            FormVersionFactory(form_id=form_id, number=number, definition=made)
        )
        assert len(list(fields_of_form(form_id))) == number
