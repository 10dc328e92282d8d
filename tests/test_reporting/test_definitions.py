from collections import Counter

import pytest

from formplatform.core.actors import Actor
from formplatform.core.errors import ConflictError, InvalidInputError
from formplatform.forms.catalog import create_form, update_form
from formplatform.forms.publishing import publish_form
from formplatform.forms.storage.registry import get_store
from reporting.definitions import ReportDefinition, definition_of, gather
from reporting.pdf.generator import render_html

from .conftest import RESPONDENTS

CROSS = {"chart_field": "party", "rows": "education", "columns": "vote"}


def errors_of(form, chosen):
    with pytest.raises(InvalidInputError) as caught:
        definition_of(form, chosen)
    return [(error.field, error.code) for error in caught.value.errors]


def test_every_number_of_a_report_is_the_file_s(form, study):
    answers = study.answers[:RESPONDENTS]
    report = gather(form, definition_of(form, CROSS))

    assert (report.total_responses, report.today_submissions) == (RESPONDENTS, RESPONDENTS)
    assert report.completion_rate is None
    parties = Counter(row["party"] for row in answers)
    assert {s.label: s.count for s in report.distribution.shares if s.count} == parties
    assert sum(s.share for s in report.distribution.shares) == pytest.approx(1)
    table = report.cross_table
    expected = Counter((row["education"], row["vote"]) for row in answers)
    assert table.columns == ("Clinton", "Dole")
    assert {
        (row.label, column): count
        for row in table.rows
        for column, count in zip(table.columns, row.counts, strict=True)
        if count
    } == expected
    assert [row.total for row in table.rows] == [
        sum(1 for each in answers if each["education"] == row.label) for row in table.rows
    ]
    assert (sum(table.totals), table.total) == (RESPONDENTS, RESPONDENTS)


def test_values_come_in_the_order_of_the_definition(form, study):
    report = gather(form, definition_of(form, CROSS))
    fields = {
        field["id"]: field["options"] for field in study.definition["fields"] if "options" in field
    }

    assert [share.label for share in report.distribution.shares] == fields["party"]
    assert [row.label for row in report.cross_table.rows] == fields["education"]


def test_a_report_shows_no_group_the_form_hides(form):
    careful = update_form(form, min_cell=5)
    report = gather(careful, definition_of(careful, CROSS))

    shown = [count for row in report.cross_table.rows for count in row.counts]
    assert not any(0 < count < 5 for count in shown if count is not None)
    assert None in shown
    assert report.cross_table.total is None
    assert not any(0 < (share.count or 0) < 5 for share in report.distribution.shares)
    assert "Groups of fewer than 5" in render_html(report)


def test_without_a_choice_the_first_fit_field_is_drawn(form):
    assert definition_of(form, {}) == ReportDefinition(chart_field="self_placement")


def test_an_empty_form_gives_an_empty_report(owner, study, form_store):
    actor = Actor(user_id=owner.pk)
    draft = create_form(actor=actor, title="Empty", definition=study.definition)
    publish_form(draft, actor=actor)
    form = get_store().find_form(draft.id)

    report = gather(form, definition_of(form, CROSS))

    assert report.total_responses == report.distribution.answered == report.cross_table.total == 0
    assert {share.share for share in report.distribution.shares} == {0.0}


def test_a_form_never_published_has_nothing_to_report(owner, study, form_store):
    draft = create_form(actor=Actor(user_id=owner.pk), title="T", definition=study.definition)

    with pytest.raises(ConflictError):
        definition_of(draft, {})


def test_every_wrong_choice_is_named(form):
    wrong = {"chart_field": "age", "rows": "nobody", "columns": "income", "timezone": "Mars/North"}

    assert errors_of(form, wrong) == [
        ("chart_field", "wrong_type"),
        ("rows", "unknown_field"),
        ("rows", "required"),
        ("timezone", "unknown_timezone"),
    ]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"rows": "education"}, [("columns", "required")]),
        ({"rows": "vote", "columns": "vote"}, [("columns", "same_field")]),
        ({"rows": "vote", "columns": "income"}, [("columns", "too_many")]),
        ({"chart_field": "__proto__"}, [("chart_field", "unknown_field")]),
    ],
)
def test_a_cross_table_needs_two_fields_that_fit(form, chosen, expected):
    assert errors_of(form, chosen) == expected


def test_a_personal_field_is_never_reported(owner, form_store):
    options = ["Yes", "No"]
    definition = {
        "fields": [
            {"id": "ill", "type": "choice", "label": "Ill?", "options": options, "pii": True},
            {"id": "glad", "type": "choice", "label": "Glad?", "options": options},
        ]
    }
    actor = Actor(user_id=owner.pk)
    draft = create_form(actor=actor, title="T", definition=definition)
    publish_form(draft, actor=actor)
    form = get_store().find_form(draft.id)

    assert definition_of(form, {}).chart_field == "glad"
    for key in ("chart_field", "rows", "columns"):
        assert (key, "personal_field") in errors_of(form, {key: "ill"})


def test_a_report_is_dated_in_its_zone(form):
    report = gather(form, definition_of(form, {"timezone": "Asia/Kathmandu"}))

    assert str(report.generated_at.utcoffset()) == "5:45:00"
