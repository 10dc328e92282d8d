"""What is not answered: skipped, or never shown."""

import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from scipy import stats

from analytics.columns.schema import build_frame
from analytics.fields.form_fields import fields_of_definition, fields_of_form
from analytics.fields.visibility import UnknownError, shown_if
from analytics.missing import missing_of
from formplatform.forms.ids import new_id
from formplatform.forms.schema.conditions import parse_condition
from formplatform.forms.schema.definition import parse_definition
from tests.factories.forms import FormFactory, FormResponseFactory, FormVersionFactory
from tests.test_analytics import study

FIELDS = [
    {"id": "smokes", "type": "boolean", "label": "Smokes"},
    {
        "id": "how_many",
        "type": "integer",
        "label": "How many",
        "visible_if": {"field": "smokes", "op": "eq", "value": True},
    },
    {"id": "why", "type": "text", "label": "Why"},
]


@pytest.fixture
def answer(form_store):
    def store(*given, min_cell=0):
        form = form_store.insert_form(FormFactory(min_cell=min_cell))
        for number, fields in ((1, FIELDS[:2]), (2, FIELDS)):
            form_store.insert_version(
                FormVersionFactory(form_id=form.id, number=number, definition={"fields": fields})
            )
        form_store.insert_responses(
            [
                FormResponseFactory(form_id=form.id, data=data, version=version)
                for data, version, times in given
                for _ in range(times)
            ]
        )
        return missing_of(form.id)

    return store


GIVEN = [
    ({"smokes": True, "how_many": 9}, 1, 3),
    ({"smokes": True}, 2, 2),
    ({"smokes": False, "why": "no"}, 2, 4),
    ({}, 2, 1),
]


def test_a_field_is_answered_skipped_or_was_not_shown(answer):
    found = answer(*GIVEN)
    counts = {
        row["name"]: (row["answered"], row["missing"], row["skipped"], row["not_shown"])
        for row in found["fields"]
    }
    assert counts == {"smokes": (9, 1, 1, 0), "how_many": (3, 7, 2, 5), "why": (4, 6, 3, 3)}
    assert [row["rate"] for row in found["fields"]] == [0.1, 0.4, 3 / 7]
    assert found["base_n"] == 10


def test_what_is_skipped_together_is_a_pattern(answer):
    patterns = answer(*GIVEN)["patterns"]
    found = {tuple(sorted(each["skipped"])): each["count"] for each in patterns}
    assert found == {(): 7, ("how_many", "why"): 2, ("smokes", "why"): 1}
    low, high = stats.binomtest(7, 10).proportion_ci(method="wilson")
    assert (patterns[0]["share"], patterns[0]["interval"]) == (0.7, pytest.approx([low, high]))


def test_where_the_form_hides_small_groups_only_counts_a_query_shows_are_shown(answer):
    found = answer(*GIVEN, min_cell=5)
    assert found["patterns"] is None
    assert all(row["suppressed"] and row["answered"] is None for row in found["fields"])
    many = answer(*((data, version, 9 * times) for data, version, times in GIVEN), min_cell=5)
    assert [(row["answered"], row["skipped"]) for row in many["fields"]] == [
        (81, 9),
        (27, None),
        (36, None),
    ]


LEAVES = st.one_of(
    st.tuples(st.just("department"), st.sampled_from(["it", "hr", 3])),
    st.tuples(st.just("age"), st.sampled_from([0, 30, 40.5, "x"])),
    st.tuples(st.just("amount"), st.sampled_from([0, 12.5])),
    st.tuples(st.just("member"), st.sampled_from([True, False])),
    st.tuples(st.just("tags"), st.sampled_from(["red", "blue"])),
    st.tuples(st.just("note"), st.sampled_from(["a", ""])),
    st.tuples(st.just("born"), st.sampled_from(["1990-01-01", "2000-06-01"])),
)


@st.composite
def leaves(draw):
    field, value = draw(LEAVES)
    op = draw(st.sampled_from(["eq", "ne", "lt", "gte", "in", "contains", "empty", "answered"]))
    if op in ("empty", "answered"):
        return {"field": field, "op": op}
    return {"field": field, "op": op, "value": [value] if op == "in" else value}


CONDITIONS = st.recursive(
    leaves(),
    lambda part: st.one_of(
        st.lists(part, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(part, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        part.map(lambda each: {"not": each}),
    ),
    max_leaves=5,
)


@hypothesis_settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(raw=CONDITIONS)
def test_columns_say_of_a_condition_what_the_form_says(form_id, form_store, raw):
    fields = fields_of_definition(parse_definition(study.DEFINITION))
    if not form_store.count_responses(form_id):
        form_store.insert_responses(study.responses(form_id, 60))
    condition = parse_condition(raw)
    try:
        test = shown_if(condition, fields)
    except UnknownError:
        return
    frame = build_frame(form_id, fields).with_columns(test.alias("shown"))
    shown = dict(zip(frame["id"], frame["shown"], strict=True))
    (stored,) = form_store.scan_responses(form_id)
    assert shown == {each.id: condition.holds(each.data) for each in stored}


def test_where_columns_do_not_tell_who_was_shown_a_field_nothing_is_said(form_store):
    form_id = new_id()
    order = {"id": "order", "type": "ranking", "label": "Order", "options": ["x", "y"]}
    shown = {"field": "order", "op": "eq", "value": ["x", "y"]}
    fields = [order, {"id": "why", "type": "text", "label": "Why", "visible_if": shown}]
    version = FormVersionFactory(form_id=form_id, definition={"fields": fields})
    form_store.insert_version(version)
    assert list(fields_of_form(form_id))
    form_store.insert_responses([FormResponseFactory(form_id=form_id, data={"order": ["x", "y"]})])
    row = missing_of(form_id)["fields"][1]
    assert (row["missing"], row["skipped"], row["rate"]) == (1, None, None)
