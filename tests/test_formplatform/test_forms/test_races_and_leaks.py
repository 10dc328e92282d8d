"""Publishing at once, importing at once, and what must not get out or in by the side door."""

import fcntl
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from formplatform.core.clock import now
from formplatform.core.errors import ConflictError, FieldError, InvalidInputError
from formplatform.forms import catalog, import_files, outbox, publishing, responses
from formplatform.forms.domain import FormState
from formplatform.forms.exports import Format, export_responses
from formplatform.forms.hooks import before_submit
from formplatform.forms.import_files import files_beside, import_file, open_import
from formplatform.forms.storage.registry import get_store
from formplatform.forms.submissions import submit_response
from tests.test_formplatform.test_forms.test_imports import counts, refusals, take_in

NAME = {"id": "name", "type": "text", "pii": True}
MAIL = {"id": "mail", "type": "email", "pii": True}
CITY = {"id": "city", "type": "text"}


def published(actor, *fields):
    draft = catalog.create_form(actor=actor, title="F", definition={"fields": list(fields)})
    publishing.publish_form(draft, actor=actor)
    return get_store().find_form(draft.id)


def published_again(form, actor, *fields):
    changed = catalog.update_form(form, definition={"fields": list(fields)})
    publishing.publish_form(changed, actor=actor)
    return get_store().find_form(form.id)


def test_the_publisher_that_loses_does_not_silence_the_one_that_wins(form_store, ada, heard):
    stale = published(ada, CITY)
    fresh = catalog.update_form(stale, definition={"fields": [CITY, NAME]})
    wins = publishing._find_or_insert(fresh, ada)  # and pauses
    with pytest.raises(ConflictError):
        publishing.publish_form(stale, actor=ada)  # read the form before its draft changed
    heard.clear()
    in_force = replace(fresh, current_version=wins.number, state=FormState.OPEN)
    catalog.replace_form(in_force, expected_revision=fresh.revision)  # goes on, and dies

    outbox.dispatch_stale(before=now())

    assert [(event.name, event.version) for event in heard] == [("form.published", wins.number)]


def test_a_version_that_is_passed_over_is_no_news(form_store, ada, heard):
    form = published(ada, CITY)
    passed_over = publishing._find_or_insert(
        catalog.update_form(form, definition={"fields": [CITY, NAME]}), ada
    )  # and dies
    heard.clear()
    published_again(get_store().find_form(form.id), ada, CITY, MAIL)

    outbox.dispatch_stale(before=now())

    assert [event.version for event in heard] == [passed_over.number + 1]


def test_without_personal_data_an_export_holds_nothing_that_ever_was(form_store, ada):
    form = published(ada, NAME, MAIL, CITY)
    given = {"name": "Grace Hopper", "mail": "grace@example.org", "city": "Arlington"}
    submit_response(form, given, actor=ada)
    greeting = {"id": "greeting", "type": "calculated", "expression": 'concat("Dear ", name)'}
    form = published_again(form, ada, NAME, {**MAIL, "pii": False}, CITY, greeting)
    submit_response(form, given, actor=ada)

    for file_format in Format:
        whole = b"".join(export_responses(form.id, file_format=file_format))
        open_only = b"".join(export_responses(form.id, file_format=file_format, include_pii=False))
        assert whole.count(b"grace@example.org") == 2
        assert b"Dear Grace Hopper" in whole
        assert open_only.count(b"Arlington") == 2
        assert b"Grace" not in open_only
        assert b"grace" not in open_only


def test_a_number_of_hundreds_of_digits_costs_its_own_row_only(form_store, ada):
    form = published(ada, {"id": "n", "type": "number"})
    rows = ["n", "1", "9" * 400, "9" * 5000, "1_000", "\u0663", "nan", "2e1"]

    report = take_in(form, "\n".join(rows), ada, Format.CSV)

    assert counts(report) == (2, 0, 5)
    assert refusals(report) == {
        2: [("n", "out_of_range")],
        3: [("n", "out_of_range")],
        4: [("n", "wrong_type")],
        5: [("n", "wrong_type")],
        6: [("n", "wrong_type")],
    }


def test_a_column_that_only_older_versions_know_is_left_out(form_store, ada):
    form = published(ada, NAME, CITY)
    submit_response(form, {"name": "Grace", "city": "Arlington"}, actor=ada)
    form = published_again(form, ada, CITY)
    exported = b"".join(export_responses(form.id, file_format=Format.CSV))
    other = published(ada, CITY)

    report = take_in(form, exported, ada, Format.CSV)
    with pytest.raises(InvalidInputError) as refused:
        take_in(other, exported, ada, Format.CSV)

    assert counts(report) == (1, 0, 0)
    assert [(e.field, e.code) for e in refused.value.errors] == [("name", "unknown_field")]


def test_a_file_is_imported_by_one_at_a_time(form_store, ada, tmp_path):
    form = published(ada, CITY)
    path = tmp_path / "rows.ndjson"
    path.write_text('{"city": "Arlington"}\n{"city": 5}\n')
    job = open_import(form, path, actor=ada, file_format=Format.NDJSON)
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for resume in (False, True):
            with pytest.raises(ConflictError, match="being imported already"):
                import_file(job, path, resume=resume)
        assert not files_beside(path).refused.exists()
        assert get_store().count_responses(form.id) == 0

    report = import_file(job, path)

    assert (report.stored, report.refused) == (1, 1)
    assert import_files.files_beside(path).refused.read_text().count("\n") == 1


def test_an_edit_is_put_to_the_hooks_as_a_submission_is(form_store, ada):
    form = published(ada, CITY)
    stored, _ = submit_response(form, {"city": "Arlington"}, actor=ada)

    def no_paris(submission):
        if submission.answers.get("city") == "Paris":
            error = FieldError("city", "elsewhere", "Not Paris.")
            raise InvalidInputError("Refused.", errors=[error])
        return submission

    with before_submit.filled("tests.no_paris", no_paris), pytest.raises(InvalidInputError):
        responses.edit_response(stored, {"city": "Paris"}, actor=ada)

    kept = get_store().find_response(form.id, stored.id)
    assert (kept.data, kept.revision) == ({"city": "Arlington"}, 1)


@pytest.mark.parametrize(
    "query",
    [
        f"offset={'0' * 12}{'9' * 32}",
        f"limit={'1' * 4000}",
        "cursor=0001-01-01T00:00:00%2B14:00_" + "a" * 24,
        "cursor=9999-12-31T23:59:59-14:00_" + "a" * 24,
        "cursor=2026-01-01T00:00:00_" + "a" * 24,
    ],
)
def test_a_place_beyond_every_list_is_refused_by_name(form_store, ada, query):
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(User.objects.create_user("ada", pk=ada.user_id))
    form = published(ada, CITY)
    name = query.partition("=")[0]
    path = "forms/" if name == "offset" else f"forms/{form.id}/responses/"

    answer = client.get(f"/api/v2/{path}?{query}")

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [name]
