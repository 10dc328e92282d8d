from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection

from formplatform.core.actors import Actor
from formplatform.core.errors import ConflictError, InvalidInputError, NotFoundError
from formplatform.forms import catalog, outbox, publishing, responses, submissions
from formplatform.forms.domain import FormState
from formplatform.forms.hooks import before_submit
from formplatform.forms.storage.base import ResponseQuery
from formplatform.forms.storage.registry import get_store
from tests.factories.forms import definition

ADA = Actor(user_id=1)


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

    with pytest.raises(ConflictError) as refused:
        submit(form, {"name": "Grace"}, idempotency_key="k1")

    assert refused.value.code == "idempotency_key_reused"
    assert get_store().count_responses(form.id) == 1


def test_a_repeated_request_gets_its_response_although_the_form_was_closed_meanwhile(form):
    first, _ = submit(form, {"name": "Ada"}, idempotency_key="k1")
    closed = catalog.update_form(form, state=FormState.CLOSED)

    assert submit(closed, {"name": "Ada"}, idempotency_key="k1") == (first_stored(first), False)
    with pytest.raises(ConflictError) as refused:
        submit(closed, {"name": "Grace"}, idempotency_key="k1")
    assert refused.value.code == "form_closed"


def first_stored(response):
    return get_store().find_response(response.form_id, response.id)


def test_a_key_belongs_to_its_form(form, heard):
    draft = catalog.create_form(actor=ADA, title="Dinner", definition=definition())
    publishing.publish_form(draft, actor=ADA)
    other = get_store().find_form(draft.id)

    submit(form, {"name": "Ada"}, idempotency_key="k1")
    _, created = submit(other, {"name": "Grace"}, idempotency_key="k1")

    assert created


@pytest.mark.django_db(transaction=True)
def test_many_at_once_with_one_key_store_one_response(form):
    def send(number):
        try:
            stored, created = submit(form, {"name": "Ada", "age": number % 2}, idempotency_key="k1")
        except ConflictError as refused:
            return refused.code
        finally:
            connection.close()
        return (stored.data["age"], created)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(send, range(24)))

    (winner,) = get_store().page_responses(ResponseQuery(form_id=form.id))
    age = winner.data["age"]
    assert Counter(found) == {(age, True): 1, (age, False): 11, "idempotency_key_reused": 12}


def test_a_malformed_session_is_refused_and_nothing_is_stored(form):
    with pytest.raises(InvalidInputError) as refused:
        submit(form, {"name": "Ada"}, session_id="../etc")

    assert [(e.field, e.code) for e in refused.value.errors] == [("session_id", "invalid_id")]
    assert get_store().count_responses(form.id) == 0


def test_a_closed_form_takes_no_responses(form):
    closed = catalog.update_form(form, state=FormState.CLOSED)

    with pytest.raises(ConflictError):
        submit(closed, {"name": "Ada"})

    assert get_store().count_responses(form.id) == 0


def test_a_hook_may_change_the_answers(form):
    with before_submit.filled("tests.shout", lambda s: replace(s, answers={"name": "ADA"})):
        stored, _ = submit(form, {"name": "Ada"})

    assert stored.data == {"name": "ADA"}


def test_what_a_hook_changed_is_held_against_the_form_again(form):
    def spoil(submission):
        return replace(submission, answers={**submission.answers, "age": "old"})

    with (
        before_submit.filled("tests.spoil", spoil),
        pytest.raises(InvalidInputError) as refused,
    ):
        submit(form, {"name": "Ada"})

    assert [(e.field, e.code) for e in refused.value.errors] == [("age", "wrong_type")]
    assert get_store().count_responses(form.id) == 0


def test_a_hook_may_refuse(form, heard):
    def refuse(submission):
        raise InvalidInputError("No soup for you.")

    with before_submit.filled("tests.refuse", refuse), pytest.raises(InvalidInputError):
        submit(form, {"name": "Ada"})

    assert get_store().count_responses(form.id) == 0
    assert heard == []


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


def test_an_edit_that_changes_nothing_is_no_revision(form, heard):
    stored, _ = submit(form, {"name": "Ada"})

    assert responses.edit_response(stored, {"name": "Ada"}, actor=ADA) == stored
    assert [e.revision for e in heard] == [1]
    with pytest.raises(ConflictError):
        responses.edit_response(stored, {"name": "Ada"}, actor=ADA, expected_revision=2)


def test_a_wrong_edit_names_every_field_and_changes_nothing(form, heard):
    stored, _ = submit(form, {"name": "Ada"})

    with pytest.raises(InvalidInputError) as refused:
        responses.edit_response(stored, {"age": -1, "vote": "maybe"}, actor=ADA)

    assert {e.field for e in refused.value.errors} == {"age", "vote"}
    assert responses.get_response(form.id, stored.id).data == {"name": "Ada"}
    assert len(heard) == 1


def test_a_deleted_response_can_be_neither_read_nor_edited_nor_deleted_again(form, heard):
    stored, _ = submit(form, {"name": "Ada"})
    responses.delete_response(stored, actor=ADA)
    (gone,) = get_store().find_responses([stored.id])

    for act in (
        lambda: responses.get_response(form.id, stored.id),
        lambda: responses.edit_response(gone, {"name": "Grace"}, actor=ADA),
        lambda: responses.delete_response(gone, actor=ADA),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert [e.revision for e in heard] == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_of_edits_and_a_deletion_at_once_one_wins_each_time(form, heard):
    stored, _ = submit(form, {"name": "Ada"})

    def change(number):
        try:
            newest = get_store().find_response(form.id, stored.id)
            if number == 5:
                responses.delete_response(newest, actor=ADA)
            else:
                responses.edit_response(newest, {"name": f"Ada {number}"}, actor=ADA)
        except (ConflictError, NotFoundError):
            return 0
        finally:
            connection.close()
        return 1

    with ThreadPoolExecutor(6) as pool:
        changes = sum(pool.map(change, range(12)))

    newest = get_store().find_response(form.id, stored.id)
    assert newest.revision == 1 + changes == newest.dispatched_revision
    assert {e.revision for e in heard} == set(range(1, newest.revision + 1))
    facts = responses.answers_at_many([(stored.id, n) for n in range(1, newest.revision + 1)])
    assert len(facts) == newest.revision


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
