"""Contract: what waits to be published, and respondents' sessions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from formplatform.core.errors import ConflictError
from formplatform.forms.domain import revision_of
from formplatform.forms.ids import new_id
from tests.factories.forms import FormResponseFactory, SessionFactory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATE = NOON + timedelta(days=1)


def seconds(number):
    return NOON + timedelta(seconds=number)


def test_undispatched_responses_come_oldest_first(store):
    responses = [FormResponseFactory(submitted_at=seconds(number)) for number in (3, 1, 2)]
    store.insert_responses(responses)
    assert store.find_undispatched(before=LATE, limit=9) == [
        responses[1],
        responses[2],
        responses[0],
    ]
    assert store.find_undispatched(before=seconds(3), limit=9) == [responses[1], responses[2]]
    assert store.find_undispatched(before=LATE, limit=1) == [responses[1]]


def test_a_form_waits_while_one_of_its_responses_does(store):
    one, other = (FormResponseFactory(submitted_at=seconds(1)) for _ in range(2))
    store.insert_responses([one, other])
    assert store.is_waiting(one.form_id, before=LATE)
    assert not store.is_waiting(one.form_id, before=seconds(1))
    store.mark_dispatched({one.id: 1}, at=LATE)
    assert not store.is_waiting(one.form_id, before=LATE)
    assert store.is_waiting(other.form_id, before=LATE)
    edited = replace(one, revision=2, updated_at=seconds(2))
    assert store.replace_response(edited, expected_revision=1, previous=revision_of(one))
    assert store.is_waiting(one.form_id, before=LATE)


def test_the_outbox_can_be_read_page_by_page(store):
    moments = [NOON, NOON, NOON, seconds(1), seconds(2)]
    responses = [FormResponseFactory(submitted_at=moment) for moment in moments]
    store.insert_responses(responses)
    expected = sorted(responses, key=lambda each: (each.updated_at, each.id))
    found, after = [], None
    while page := store.find_undispatched(before=LATE, limit=2, after=after):
        found += page
        after = (page[-1].updated_at, page[-1].id)
    assert found == expected

    sessions = [SessionFactory(viewed_at=moment) for moment in moments]
    for session in sessions:
        store.merge_session(session)
    expected = sorted(sessions, key=lambda each: (each.updated_at, each.id))
    place = (expected[1].updated_at, expected[1].id)
    assert store.find_undispatched_sessions(before=LATE, limit=9, after=place) == expected[2:]


def test_a_dispatched_response_leaves_the_outbox(store):
    one, two = (store.insert_response(FormResponseFactory(submitted_at=NOON)) for _ in range(2))
    store.mark_dispatched({one.id: 1, new_id(): 1}, at=LATE)
    assert store.find_undispatched(before=LATE, limit=9) == [two]
    marked = store.find_response(one.form_id, one.id)
    assert marked == replace(one, dispatched_revision=1, dispatched_at=LATE)
    store.mark_dispatched({}, at=LATE)


def test_a_newer_revision_stays_undispatched(store):
    first = store.insert_response(FormResponseFactory(submitted_at=NOON))
    second = replace(first, revision=2, updated_at=seconds(5))
    store.replace_response(second, expected_revision=1, previous=revision_of(first))
    store.mark_dispatched({first.id: 1}, at=LATE)
    waiting = replace(second, dispatched_revision=1)
    assert store.find_undispatched(before=LATE, limit=9) == [waiting]
    store.mark_dispatched({first.id: 2}, at=LATE)
    assert store.find_undispatched(before=LATE, limit=9) == []
    done = replace(second, dispatched_revision=2, dispatched_at=LATE)
    assert store.find_response(first.form_id, first.id) == done


def test_marking_an_older_revision_late_changes_nothing(store):
    response = store.insert_response(FormResponseFactory(revision=3))
    store.mark_dispatched({response.id: 3}, at=NOON)
    store.mark_dispatched({response.id: 2}, at=LATE)
    marked = store.find_response(response.form_id, response.id)
    assert (marked.dispatched_revision, marked.dispatched_at) == (3, NOON)


def test_an_edit_does_not_undo_a_dispatch_that_came_between(store):
    first = store.insert_response(FormResponseFactory(submitted_at=NOON))
    store.mark_dispatched({first.id: 1}, at=LATE)
    stale = replace(first, revision=2)
    assert store.replace_response(stale, expected_revision=1, previous=revision_of(first))
    stored = store.find_response(first.form_id, first.id)
    assert (stored.dispatched_revision, stored.dispatched_at) == (1, None)
    assert store.find_undispatched(before=LATE, limit=9) == [stored]


def test_many_responses_are_marked_at_once(store):
    responses = FormResponseFactory.build_batch(500, submitted_at=NOON)
    store.insert_responses(responses)
    store.mark_dispatched({each.id: 1 for each in responses[:499]}, at=LATE)
    assert store.find_undispatched(before=LATE, limit=999) == [responses[499]]


def test_a_session_comes_back_as_it_was_stored(store):
    pages = {"page.1": NOON, "$2": seconds(0.001)}
    session = SessionFactory(submitted=True, pages=pages, answered={"age": seconds(2)})
    assert store.merge_session(session) == session
    assert store.find_session(session.form_id, session.id) == session
    assert store.find_session(new_id(), session.id) is None
    assert store.find_sessions([session.id, new_id(), "nonsense"]) == [session]


def test_a_session_learns_by_earliest_times(store):
    session = store.merge_session(
        SessionFactory(
            viewed_at=seconds(5),
            pages={"a": seconds(6)},
            answered={"age": seconds(7)},
            updated_at=seconds(7),
        )
    )
    news = replace(
        session,
        viewed_at=seconds(1),
        started_at=seconds(7),
        pages={"a": seconds(8), "b": seconds(9)},
        answered={"age": seconds(6), "vote": seconds(9)},
        response_id=new_id(),
        updated_at=seconds(9),
    )
    merged = replace(
        news, viewed_at=seconds(1), pages={"a": seconds(6), "b": seconds(9)}, revision=2
    )
    assert store.merge_session(news) == merged
    assert store.find_session(session.form_id, session.id) == merged


def test_a_session_that_learns_nothing_keeps_its_revision(store):
    session = store.merge_session(SessionFactory(submitted=True))
    store.mark_sessions_dispatched({session.id: 1}, at=LATE)
    known = replace(session, viewed_at=None, updated_at=LATE)
    assert store.merge_session(known) == store.find_session(session.form_id, session.id)
    found = store.find_session(session.form_id, session.id)
    assert (found.revision, found.dispatched_revision, found.dispatched_at) == (1, 1, LATE)


def test_a_session_cannot_move_to_another_form(store):
    session = store.merge_session(SessionFactory())
    with pytest.raises(ConflictError):
        store.merge_session(replace(session, form_id=new_id(), viewed_at=NOON))
    assert store.find_sessions([session.id]) == [session]


def test_a_session_waits_in_the_outbox_again_after_it_advanced(store):
    session = store.merge_session(SessionFactory(viewed_at=NOON))
    assert store.find_undispatched_sessions(before=LATE, limit=9) == [session]
    store.mark_sessions_dispatched({session.id: 1}, at=LATE)
    assert store.find_undispatched_sessions(before=LATE, limit=9) == []
    store.merge_session(replace(session, started_at=NOON))
    waiting = store.find_undispatched_sessions(before=LATE, limit=9)
    assert [(each.revision, each.dispatched_revision) for each in waiting] == [(2, 1)]
    store.mark_sessions_dispatched({session.id: 1}, at=LATE)
    assert store.find_undispatched_sessions(before=LATE, limit=9) == waiting


def test_a_scan_meets_every_session_of_the_form_once(store):
    form_id = new_id()
    sessions = [store.merge_session(SessionFactory(form_id=form_id)) for _ in range(5)]
    store.merge_session(SessionFactory())
    batches = list(store.scan_sessions(form_id, batch=2))
    assert [each for rows in batches for each in rows] == sessions
    assert [len(rows) for rows in batches] == [2, 2, 1]
