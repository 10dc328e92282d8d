"""Contract: many writers at once, killed writers, forked readers."""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from django.db import connections

from formplatform.core.errors import UnavailableError
from formplatform.forms.domain import revision_of
from formplatform.forms.ids import new_id
from formplatform.forms.storage.base import ResponseQuery
from tests.factories.forms import (
    FormFactory,
    FormResponseFactory,
    FormVersionFactory,
    SessionFactory,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATE = NOON + timedelta(days=1)
WRITERS = 8


def insist(act, number):
    """Again after "try again", as a client does: the same key makes it safe."""
    deadline = time.monotonic() + 150
    while True:
        try:
            return act(number)
        except UnavailableError:
            if time.monotonic() > deadline:
                raise


def race(act):
    """Run act(0) … act(7) at the same moment in threads of their own; their answers."""
    start = threading.Barrier(WRITERS)

    def run(number):
        start.wait()
        try:
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WRITERS) as threads:
        return list(threads.map(run, range(WRITERS)))


def fork(act, *arguments):
    """Run act in a forked process, with no connection of its parent's to SQL."""
    connections.close_all()
    child = multiprocessing.get_context("fork").Process(target=act, args=arguments, daemon=True)
    child.start()
    return child


def test_one_of_many_responses_with_the_same_key_is_stored(real_store):
    form_id = new_id()
    rivals = FormResponseFactory.build_batch(WRITERS, form_id=form_id, idempotency_key="once")
    stored = race(partial(insist, lambda number: real_store.insert_response(rivals[number])))
    assert len({each.id for each in stored}) == 1
    assert real_store.page_responses(ResponseQuery(form_id=form_id)) == [stored[0]]


def test_one_of_many_forms_with_the_same_key_is_stored(real_store):
    rivals = FormFactory.build_batch(WRITERS, idempotency_key="once")
    stored = race(partial(insist, lambda number: real_store.insert_form(rivals[number])))
    assert len({each.id for each in stored}) == 1
    found = [real_store.find_form(each.id) for each in rivals]
    assert [each for each in found if each] == [stored[0]]


def test_one_of_many_versions_with_the_same_number_is_stored(real_store):
    form_id = new_id()
    rivals = [
        FormVersionFactory(form_id=form_id, definition={"by": number}) for number in range(WRITERS)
    ]
    won = race(lambda number: real_store.insert_version(rivals[number]))
    assert won.count(True) == 1
    assert real_store.list_versions(form_id) == [rivals[won.index(True)]]


def test_one_of_many_edits_of_the_same_revision_wins(real_store):
    first = real_store.insert_response(FormResponseFactory())
    rivals = [replace(first, revision=2, data={"by": number}) for number in range(WRITERS)]
    won = race(
        lambda number: real_store.replace_response(
            rivals[number], expected_revision=1, previous=revision_of(first)
        )
    )
    assert won.count(True) == 1
    winner = rivals[won.index(True)]
    assert real_store.find_responses([first.id]) == [winner]
    facts = real_store.find_revisions([(first.id, 1), (first.id, 2)])
    assert sorted(facts, key=lambda fact: fact.revision) == [
        revision_of(first),
        revision_of(winner),
    ]


def test_one_of_many_changes_of_a_form_wins(real_store):
    form = real_store.insert_form(FormFactory())
    rivals = [replace(form, revision=2, title=f"by {number}") for number in range(WRITERS)]
    won = race(lambda number: real_store.replace_form(rivals[number], expected_revision=1))
    assert won.count(True) == 1
    assert real_store.find_form(form.id) == rivals[won.index(True)]


def test_a_session_loses_nothing_that_many_writers_know(real_store):
    session_id, form_id = new_id(), new_id()
    times = [NOON + timedelta(seconds=number) for number in range(WRITERS)]
    race(
        lambda number: real_store.merge_session(
            SessionFactory(
                id=session_id,
                form_id=form_id,
                viewed_at=times[number],
                pages={f"page{number}": times[number]},
            )
        )
    )
    stored = real_store.find_session(form_id, session_id)
    assert stored.viewed_at == NOON
    assert stored.pages == {f"page{number}": times[number] for number in range(WRITERS)}
    assert (stored.revision, stored.updated_at) == (WRITERS, times[-1])


def test_responses_stay_in_the_outbox_while_edits_and_dispatches_race(real_store):
    response = real_store.insert_response(FormResponseFactory(submitted_at=NOON))

    def edit_or_dispatch(number):
        for _ in range(10):
            (now,) = real_store.find_responses([response.id])
            if number % 2:
                edited = replace(now, revision=now.revision + 1)
                real_store.replace_response(
                    edited, expected_revision=now.revision, previous=revision_of(now)
                )
            else:
                real_store.mark_dispatched({now.id: now.revision}, at=LATE)

    race(edit_or_dispatch)
    (last,) = real_store.find_responses([response.id])
    assert last.revision > 10
    waiting = real_store.find_undispatched(before=LATE, limit=9)
    assert waiting == ([last] if last.dispatched_revision < last.revision else [])
    real_store.mark_dispatched({last.id: last.revision}, at=LATE)
    assert real_store.find_undispatched(before=LATE, limit=9) == []
    facts = real_store.find_revisions([(last.id, n + 1) for n in range(last.revision)])
    assert len(facts) == last.revision


def test_bulk_inserts_of_the_same_responses_at_once_store_each_once(real_store):
    form_id = new_id()
    responses = FormResponseFactory.build_batch(400, form_id=form_id)
    counts = race(lambda _: real_store.insert_responses(responses))
    assert sum(counts) == 400
    assert real_store.count_responses(form_id) == 400


def test_a_killed_bulk_insert_is_completed_by_running_it_again(real_store):
    form_id = new_id()
    responses = FormResponseFactory.build_batch(6000, form_id=form_id)

    def insert():
        for start in range(0, len(responses), 250):
            real_store.insert_responses(responses[start : start + 250])

    child = fork(insert)
    deadline = time.monotonic() + 30
    while not (before := real_store.count_responses(form_id)):
        assert time.monotonic() < deadline
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert child.exitcode == -signal.SIGKILL
    left = real_store.count_responses(form_id)
    assert 0 < before <= left < 6000
    insert()
    batches = real_store.scan_responses(form_id)
    assert [each for rows in batches for each in rows] == responses


def test_a_forked_process_has_a_connection_of_its_own(real_store):
    form_id = new_id()
    real_store.insert_response(FormResponseFactory(form_id=form_id))

    def insert():
        for response in FormResponseFactory.build_batch(20, form_id=form_id):
            real_store.insert_response(response)

    children = [fork(insert) for _ in range(2)]
    insert()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert real_store.count_responses(form_id) == 61
