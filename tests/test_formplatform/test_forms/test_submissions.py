from dataclasses import replace

import pytest

from formplatform.core import events
from formplatform.core.actors import Actor
from formplatform.core.errors import ConflictError, InvalidInputError
from formplatform.core.events import Subscriber
from formplatform.forms import catalog, outbox, publishing, responses, submissions
from formplatform.forms.domain import FormState
from formplatform.forms.events import ResponseDeleted, ResponseSubmitted, ResponseUpdated
from formplatform.forms.hooks import before_submit
from formplatform.forms.storage.registry import get_store
from tests.factories.forms import definition

ADA = Actor(user_id=1)


@pytest.fixture
def form(form_store):
    draft = catalog.create_form(actor=ADA, title="Lunch", definition=definition())
    publishing.publish_form(draft, actor=ADA)
    return get_store().find_form(draft.id)


@pytest.fixture
def heard(monkeypatch):
    """Every response event that is published from here on."""
    found = []
    wanted = tuple(e.name for e in (ResponseSubmitted, ResponseUpdated, ResponseDeleted))
    listener = Subscriber("tests.listen", wanted, found.extend)
    monkeypatch.setattr(events, "_subscribers", {"tests.listen": listener})
    return found


def submit(form, answers, **options):
    return submissions.submit_response(form, answers, actor=ADA, **options)


def test_publishing_opens_the_form_with_version_one(form):
    assert (form.state, form.current_version) == (FormState.OPEN, 1)


def test_a_response_is_stored_in_canonical_form_and_announced(form, heard):
    stored, created = submit(form, {"name": "Ada", "vote": "Yes"})

    assert created
    assert stored.data == {"name": "Ada", "vote": "yes"}
    assert [(e.id, e.response_id, e.revision) for e in heard] == [
        (f"evt_{stored.id}_1", stored.id, 1)
    ]
    assert get_store().find_response(form.id, stored.id).dispatched_revision == 1


def test_wrong_answers_are_all_named_and_nothing_is_stored(form, heard):
    with pytest.raises(InvalidInputError) as refused:
        submit(form, {"age": "old", "vote": "maybe", "nmae": "Ada", "$where": "1"})

    assert {(e.field, e.code) for e in refused.value.errors} == {
        ("age", "wrong_type"),
        ("vote", "not_an_option"),
        ("nmae", "unknown_field"),
        ("$where", "unknown_field"),
    }
    assert get_store().count_responses(form.id) == 0
    assert heard == []


def test_the_same_key_and_answers_give_back_the_first_response(form, heard):
    first, _ = submit(form, {"name": "Ada"}, idempotency_key="k1")
    again, created = submit(form, {"name": "Ada"}, idempotency_key="k1")

    assert (again.id, created) == (first.id, False)
    assert len(heard) == 1


def test_the_same_key_with_other_answers_is_a_conflict(form):
    submit(form, {"name": "Ada"}, idempotency_key="k1")

    with pytest.raises(ConflictError):
        submit(form, {"name": "Grace"}, idempotency_key="k1")

    assert get_store().count_responses(form.id) == 1


def test_a_closed_form_takes_no_responses(form):
    closed = catalog.update_form(form, state=FormState.CLOSED)

    with pytest.raises(ConflictError):
        submit(closed, {"name": "Ada"})

    assert get_store().count_responses(form.id) == 0


def test_a_hook_may_change_the_answers(form):
    with before_submit.filled("tests.shout", lambda s: replace(s, answers={"name": "ADA"})):
        stored, _ = submit(form, {"name": "Ada"})

    assert stored.data == {"name": "ADA"}


def test_edits_and_deletes_are_revisions_with_events_of_their_own(form, heard):
    stored, _ = submit(form, {"name": "Ada"})
    edited = responses.edit_response(stored, {"name": "Grace"}, actor=ADA)
    responses.delete_response(edited, actor=ADA)

    assert [(e.name, e.revision) for e in heard] == [
        ("response.submitted", 1),
        ("response.updated", 2),
        ("response.deleted", 3),
    ]
    assert [responses.answers_at(stored.id, n) for n in (1, 2, 3)] == [
        {"name": "Ada"},
        {"name": "Grace"},
        None,
    ]


def test_an_edit_of_an_older_revision_is_a_conflict(form):
    stored, _ = submit(form, {"name": "Ada"})
    responses.edit_response(stored, {"name": "Grace"}, actor=ADA)

    with pytest.raises(ConflictError):
        responses.edit_response(stored, {"name": "Mary"}, actor=ADA)

    assert responses.get_response(form.id, stored.id).data == {"name": "Grace"}


def test_dispatching_again_publishes_nothing_new(form, heard):
    stored, _ = submit(form, {"name": "Ada"})
    outbox.dispatch([stored.id])

    assert len(heard) == 1


def test_a_published_field_keeps_its_type(form):
    changed = definition()
    changed["fields"][1] = {"id": "age", "type": "text", "label": "Your age"}
    draft = catalog.update_form(form, definition=changed)

    with pytest.raises(InvalidInputError) as refused:
        publishing.publish_form(draft, actor=ADA)

    assert [(e.field, e.code) for e in refused.value.errors] == [("fields[1].type", "type_changed")]
    assert [v.number for v in get_store().list_versions(form.id)] == [1]
