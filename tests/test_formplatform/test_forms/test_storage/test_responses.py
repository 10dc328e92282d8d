"""Contract: responses, their history, paging and scanning."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from formplatform.forms.domain import Source, revision_of
from formplatform.forms.ids import new_id
from formplatform.forms.storage.base import ResponseFilter, ResponseQuery
from tests.factories.forms import FormResponseFactory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def edit(response, **changes):
    """The next revision of a response."""
    return replace(
        response,
        **{
            "revision": response.revision + 1,
            "updated_at": response.updated_at + timedelta(seconds=1),
            "updated_by": 7,
            "dispatched_at": None,
            **changes,
        },
    )


def store_edit(store, response, **changes):
    edited = edit(response, **changes)
    assert store.replace_response(
        edited, expected_revision=response.revision, previous=revision_of(response)
    )
    return edited


def test_a_response_comes_back_as_it_was_stored(store):
    response = FormResponseFactory(
        data={
            "text": "Grüße 👋 \u2028 \\ \" ' % $where",
            "integer": -(2**53) + 1,
            "small": 3,
            "float": 3.0,
            "tiny": 5e-324,
            "huge": 1e22,
            "minus": -0.0,
            "yes": True,
            "no": False,
            "nothing": None,
            "many": ["b", "a"],
            "matrix": {"row_b": "x", "row_a": "y"},
            "file": {"id": "f", "name": "a.pdf", "size": 2**40, "content_type": "x/y"},
        },
        submitted_at=datetime(2026, 3, 1, 12, 0, 0, 999000, tzinfo=UTC),
        submitted_by=12,
        source=Source.IMPORT,
        session_id=new_id(),
        idempotency_key="k",
        fingerprint="ff",
        dispatched_revision=1,
        dispatched_at=NOON,
    )
    assert store.insert_response(response) == response
    found = store.find_response(response.form_id, response.id)
    assert found == response
    assert repr(found.data) == repr(response.data)
    assert found.submitted_at.utcoffset() == timedelta(0)
    assert found.source is Source.IMPORT


def test_a_response_of_another_form_is_not_found(store):
    response = store.insert_response(FormResponseFactory())
    assert store.find_response(new_id(), response.id) is None
    assert store.find_response(response.form_id, new_id()) is None
    assert store.find_response("nonsense", "nonsense") is None


@pytest.mark.parametrize("key", ["again", ""])
def test_the_response_stored_first_under_a_key_wins(store, key):
    first = store.insert_response(FormResponseFactory(idempotency_key=key))
    second = FormResponseFactory(form_id=first.form_id, idempotency_key=key)
    assert store.insert_response(second) == first
    assert store.find_response(second.form_id, second.id) is None
    assert store.count_responses(first.form_id) == 1


def test_a_key_stays_taken_after_the_response_is_deleted(store):
    first = store.insert_response(FormResponseFactory(idempotency_key="again"))
    deleted = store_edit(store, first, deleted_at=NOON)
    second = FormResponseFactory(form_id=first.form_id, idempotency_key="again")
    assert store.insert_response(second) == deleted


def test_two_forms_may_use_the_same_key(store):
    store.insert_response(FormResponseFactory(idempotency_key="again"))
    other = FormResponseFactory(idempotency_key="again")
    assert store.insert_response(other) == other


def test_many_responses_without_a_key_are_kept_apart(store):
    form_id = new_id()
    for _ in range(3):
        store.insert_response(FormResponseFactory(form_id=form_id))
    assert store.count_responses(form_id) == 3


def test_the_same_id_is_stored_once(store):
    first = store.insert_response(FormResponseFactory())
    assert store.insert_response(replace(first, data={"name": "other"})) == first
    assert store.find_responses([first.id]) == [first]


def test_bulk_insert_leaves_what_is_there_alone(store):
    form_id = new_id()
    batch = FormResponseFactory.build_batch(1200, form_id=form_id)
    assert store.insert_responses(batch[:1000]) == 1000
    assert store.insert_responses([replace(each, data={}) for each in batch]) == 200
    assert store.insert_responses(batch) == 0
    assert store.insert_responses([]) == 0
    assert store.count_responses(form_id) == 1200
    assert store.find_responses([batch[0].id]) == [batch[0]]


def test_bulk_insert_keeps_one_response_per_key(store):
    form_id = new_id()
    batch = FormResponseFactory.build_batch(3, form_id=form_id, idempotency_key="again")
    assert store.insert_responses(batch) == 1
    assert store.count_responses(form_id) == 1


def test_find_responses_returns_deleted_ones_too(store):
    live = store.insert_response(FormResponseFactory())
    deleted = store_edit(store, store.insert_response(FormResponseFactory()), deleted_at=NOON)
    found = store.find_responses([live.id, deleted.id, live.id, new_id(), "nonsense"])
    assert sorted(found, key=lambda each: each.id) == [live, deleted]
    assert store.find_responses([]) == []


def test_an_edit_is_stored_only_at_the_expected_revision(store):
    first = store.insert_response(FormResponseFactory(data={"name": "a"}))
    second = store_edit(store, first, data={"name": "b"})
    lost = edit(first, data={"name": "c"})
    stored = store.replace_response(lost, expected_revision=1, previous=revision_of(first))
    assert stored is False
    assert store.find_response(first.form_id, first.id) == second


def test_the_history_keeps_every_revision(store):
    first = store.insert_response(FormResponseFactory(data={"name": "a"}, submitted_by=1))
    second = store_edit(store, first, data={"name": "b"})
    third = store_edit(store, second, deleted_at=NOON)
    facts = store.find_revisions([(first.id, n) for n in (1, 2, 3, 4)])
    facts.sort(key=lambda fact: fact.revision)
    assert facts == [revision_of(each) for each in (first, second, third)]
    assert [fact.data for fact in facts] == [{"name": "a"}, {"name": "b"}, None]
    assert [fact.by for fact in facts] == [1, 7, 7]


def test_only_the_wanted_revisions_are_found(store):
    one, two = (store.insert_response(FormResponseFactory()) for _ in range(2))
    store_edit(store, one)
    store_edit(store, two)
    facts = store.find_revisions([(one.id, 1), (two.id, 2), (one.id, 1), (new_id(), 1)])
    assert {(fact.response_id, fact.revision) for fact in facts} == {(one.id, 1), (two.id, 2)}
    assert len(facts) == 2
    assert store.find_revisions([]) == []


def test_a_crash_between_history_and_edit_is_healed_by_repeating_it(store):
    first = store.insert_response(FormResponseFactory(data={"name": "a"}))
    lost = edit(first, id=new_id())
    assert not store.replace_response(lost, expected_revision=1, previous=revision_of(first))
    assert store.find_response(first.form_id, first.id) == first
    second = store_edit(store, first, data={"name": "b"})
    assert store.find_revisions([(first.id, 1)]) == [revision_of(first)]
    assert store.find_response(first.form_id, first.id) == second


def test_pages_follow_one_another_newest_first(store):
    form_id = new_id()
    batch = FormResponseFactory.build_batch(7, form_id=form_id, submitted_at=NOON)
    batch += [FormResponseFactory(form_id=form_id, submitted_at=NOON + timedelta(seconds=1))]
    store.insert_responses([*batch, FormResponseFactory()])
    seen, after = [], None
    while page := store.page_responses(ResponseQuery(form_id=form_id, after=after, limit=3)):
        assert len(page) <= 3
        seen += page
        after = (page[-1].submitted_at, page[-1].id)
    assert seen == [batch[7], *sorted(batch[:7], key=lambda each: each.id, reverse=True)]


def test_a_page_can_be_narrowed(store):
    form_id = new_id()
    hours = [
        FormResponseFactory(
            form_id=form_id, submitted_at=NOON + timedelta(hours=hour), version=1 + hour % 2
        )
        for hour in range(6)
    ]
    store.insert_responses(hours)
    deleted = store_edit(store, hours[2], deleted_at=NOON)
    span = ResponseQuery(
        form_id=form_id,
        submitted_from=NOON + timedelta(hours=1),
        submitted_before=NOON + timedelta(hours=4),
    )
    assert store.page_responses(span) == [hours[3], hours[1]]
    with_deleted = replace(span, include_deleted=True)
    assert store.page_responses(with_deleted) == [hours[3], deleted, hours[1]]
    odd = ResponseQuery(form_id=form_id, version=2)
    assert store.page_responses(odd) == [hours[5], hours[3], hours[1]]


def test_deleted_responses_are_counted_only_on_request(store):
    form_id = new_id()
    first = store.insert_response(FormResponseFactory(form_id=form_id))
    store.insert_response(FormResponseFactory(form_id=form_id))
    store_edit(store, first, deleted_at=NOON)
    assert store.count_responses(form_id) == 1
    assert store.count_matching(ResponseFilter(form_id=form_id)) == 1
    assert store.count_matching(ResponseFilter(form_id=form_id, include_deleted=True)) == 2
    assert store.count_responses("nonsense") == 0


@pytest.mark.parametrize("batch", [1, 3, 10, 11])
def test_a_scan_meets_every_live_response_once_in_id_order(store, batch):
    form_id = new_id()
    responses = FormResponseFactory.build_batch(11, form_id=form_id)
    store.insert_responses([*reversed(responses), FormResponseFactory()])
    deleted = responses.pop(4)
    store_edit(store, deleted, deleted_at=NOON)
    batches = list(store.scan_responses(form_id, batch=batch))
    assert [each for rows in batches for each in rows] == responses
    assert all(0 < len(rows) <= batch for rows in batches)
    later = store.scan_responses(form_id, after_id=responses[6].id, batch=batch)
    assert [each for rows in later for each in rows] == responses[7:]


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_the_responses_that_match_are_scanned_once_each_oldest_first(store, batch):
    form_id = new_id()
    numbers = (*range(11, 5, -1), *range(6))
    responses = [
        FormResponseFactory(
            form_id=form_id,
            submitted_at=NOON + timedelta(seconds=number // 3),
            version=1 + number % 2,
        )
        for number in numbers
    ]
    store.insert_responses([*responses, FormResponseFactory(submitted_at=NOON)])
    deleted = store_edit(store, responses.pop(4), deleted_at=NOON)
    responses.sort(key=lambda each: (each.submitted_at, each.id))

    def scan(**which):
        wanted = ResponseFilter(form_id=form_id, **which)
        batches = list(store.scan_matching(wanted, batch=batch))
        assert all(0 < len(rows) <= batch for rows in batches)
        found = [each for rows in batches for each in rows]
        assert store.count_matching(wanted) == len(found)
        return found

    first, last = NOON + timedelta(seconds=1), NOON + timedelta(seconds=3)
    assert scan() == responses
    assert scan(submitted_from=first) == [r for r in responses if r.submitted_at >= first]
    assert scan(submitted_before=last) == [r for r in responses if r.submitted_at < last]
    within = scan(submitted_from=first, submitted_before=last)
    assert within == [r for r in responses if first <= r.submitted_at < last]
    assert len(within) == 5
    assert scan(version=2) == [r for r in responses if r.version == 2]
    assert deleted in scan(include_deleted=True)
    assert scan(submitted_from=last + timedelta(seconds=1)) == []
    assert scan(submitted_from=last, submitted_before=last) == []


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_a_scan_of_changes_meets_every_response_at_its_newest_revision_oldest_first(store, batch):
    form_id = new_id()
    moments = [NOON + timedelta(seconds=number // 3) for number in range(7)]
    responses = [FormResponseFactory(form_id=form_id, updated_at=at) for at in moments]
    store.insert_responses([*responses, FormResponseFactory()])
    edited = replace(responses[0], revision=2, updated_at=moments[6], data={"age": 9})
    gone = replace(responses[3], revision=2, updated_at=moments[6], deleted_at=moments[6])
    for newer, older in ((edited, responses[0]), (gone, responses[3])):
        store.replace_response(newer, expected_revision=1, previous=revision_of(older))

    def scan(since=None):
        batches = list(store.scan_changes(form_id, since=since, batch=batch))
        assert all(1 <= len(found) <= batch for found in batches)
        return [response for found in batches for response in found]

    newest = sorted([edited, gone, *responses[1:3], *responses[4:]], key=_place)
    assert scan() == newest
    assert scan(NOON) == newest
    assert scan(moments[3]) == [each for each in newest if each.updated_at >= moments[3]]
    assert scan(moments[6] + timedelta(milliseconds=1)) == []


def _place(response):
    return response.updated_at, response.id
