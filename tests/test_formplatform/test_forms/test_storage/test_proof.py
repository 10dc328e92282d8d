"""Contract: the proof that two stores hold the same, and upkeep."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from formplatform.forms.domain import revision_of
from formplatform.forms.ids import new_id
from formplatform.forms.storage.hashing import response_hash
from tests.factories.forms import FormResponseFactory

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_the_hash_of_a_response_is_fixed_for_all_time():
    assert response_hash("65f000000000000000000001", revision=1) == 1_869_452_629_570_289_668
    assert response_hash("65f000000000000000000001", revision=2) == 220_695_143_108_597_103


def test_day_hashes_add_up_the_live_responses_of_each_utc_day(store):
    form_id = new_id()
    moments = (
        MIDNIGHT - timedelta(milliseconds=1),
        MIDNIGHT,
        MIDNIGHT + DAY - timedelta(milliseconds=1),
        MIDNIGHT + DAY,
        MIDNIGHT + 2 * DAY,
    )
    responses = [FormResponseFactory(form_id=form_id, submitted_at=at) for at in moments]
    gone = FormResponseFactory(form_id=form_id, submitted_at=MIDNIGHT)
    store.insert_responses([*responses, gone, FormResponseFactory(submitted_at=MIDNIGHT)])
    edited = replace(responses[2], revision=2)
    store.replace_response(edited, expected_revision=1, previous=revision_of(responses[2]))
    deleted = replace(gone, revision=2, deleted_at=MIDNIGHT)
    store.replace_response(deleted, expected_revision=1, previous=revision_of(gone))
    hashes = store.day_hashes(form_id, since=MIDNIGHT, until=MIDNIGHT + 2 * DAY)
    first = response_hash(responses[1].id, revision=1) + response_hash(edited.id, revision=2)
    assert hashes == {
        "2026-03-01": (2, first % 2**64),
        "2026-03-02": (1, response_hash(responses[3].id, revision=1)),
    }
    assert store.day_hashes(form_id, since=MIDNIGHT + 9 * DAY, until=MIDNIGHT + 10 * DAY) == {}


def test_a_change_mark_moves_with_every_insert_edit_and_delete_and_with_nothing_else(store):
    form_id = new_id()
    assert store.change_mark(form_id) == (0, 0)
    first, second = (FormResponseFactory(form_id=form_id) for _ in range(2))
    store.insert_responses([first, second, FormResponseFactory()])
    assert store.change_mark(form_id) == (2, 2)
    edited = replace(first, revision=2)
    store.replace_response(edited, expected_revision=1, previous=revision_of(first))
    assert store.change_mark(form_id) == (2, 3)
    deleted = replace(edited, revision=3, deleted_at=MIDNIGHT)
    store.replace_response(deleted, expected_revision=2, previous=revision_of(edited))
    assert store.change_mark(form_id) == (2, 4)
    store.insert_responses([first])
    assert store.change_mark(form_id) == (2, 4)
    assert [type(number) for number in store.change_mark(form_id)] == [int, int]


def test_a_change_mark_of_the_past_leaves_out_what_changed_since(store):
    form_id = new_id()
    moments = [MIDNIGHT + number * DAY for number in range(3)]
    responses = [
        FormResponseFactory(form_id=form_id, submitted_at=MIDNIGHT, updated_at=at, revision=number)
        for number, at in enumerate(moments, start=1)
    ]
    store.insert_responses(responses)
    assert store.change_mark(form_id, before=MIDNIGHT) == (0, 0)
    assert store.change_mark(form_id, before=moments[2]) == (2, 3)
    edited = replace(responses[0], revision=2, updated_at=moments[2])
    store.replace_response(edited, expected_revision=1, previous=revision_of(responses[0]))
    assert store.change_mark(form_id, before=moments[2]) == (1, 2)
    assert store.change_mark(form_id) == (3, 7)


def test_indexes_are_ensured_twice_without_harm(store):
    names = store.ensure_indexes()
    assert len(names) == len(set(names)) >= 10
    assert store.ensure_indexes() == names


def test_a_store_that_is_up_answers(store):
    store.ping()
