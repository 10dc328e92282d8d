"""From the stored response to every subscriber, whatever gets lost on the way."""

import threading
import time
from datetime import timedelta

import pytest
import time_machine

from formplatform.core import events, receipts
from formplatform.core.clock import now
from formplatform.core.connections import broker
from formplatform.core.events import Subscriber
from formplatform.forms import announcing, catalog, outbox, publishing, responses, sessions
from formplatform.forms.announcing import Announcer
from formplatform.forms.ids import new_id
from formplatform.forms.storage.registry import get_store
from formplatform.forms.submissions import submit_response
from formplatform.forms.tasks import dispatch_responses
from tests.factories.forms import FormResponseFactory, definition
from tests.fakes.message_queue import lose, no_broker, real_messages, waiting, work_off

DISPATCH, DELIVER = "forms.dispatch_responses", "core.deliver_events"


@pytest.fixture
def queued(form, heard, settings):
    """Nothing is delivered before the test has it worked off."""
    with real_messages(settings):
        yield


@pytest.fixture
def stored(form, ada, queued):
    response, _ = submit_response(form, {"name": "Ada"}, actor=ada)
    wait_for(lambda: waiting() == [DISPATCH])
    return response


def wait_for(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def row(response):
    return get_store().find_response(response.form_id, response.id)


def later(seconds):
    return time_machine.travel(now() + timedelta(seconds=seconds), tick=True)


def listen(monkeypatch, handle, *, name="tests.second"):
    wanted = ("response.submitted", "response.updated", "response.deleted")
    second = Subscriber(name, wanted, handle)
    monkeypatch.setitem(events._subscribers, name, second)


def test_a_response_is_marked_when_its_subscribers_have_handled_it(stored, heard):
    work_off(1)
    assert waiting() == [DELIVER]
    assert row(stored).dispatched_at is None

    work_off()
    assert [(e.name, e.response_id) for e in heard] == [("response.submitted", stored.id)]
    assert row(stored).dispatched_revision == 1
    assert row(stored).dispatched_at is not None


def test_it_waits_for_the_last_subscriber(stored, monkeypatch):
    faults = [ConnectionError("down")] * 3

    def stumble(_events):
        if faults:
            raise faults.pop()

    listen(monkeypatch, stumble)
    work_off(3)
    assert row(stored).dispatched_at is None

    work_off()
    assert faults == []
    assert row(stored).dispatched_revision == 1


def test_one_bad_event_of_a_batch_holds_up_no_other(form, ada, queued, heard, monkeypatch):
    ids = [submit_response(form, {"age": age}, actor=ada)[0].id for age in range(5)]
    wait_for(waiting)
    done, broken = [], [ids[3]]

    def stumble(found):
        for event in found:
            if event.response_id in broken:
                raise ValueError(event.id)
        done.extend(event.response_id for event in found)

    listen(monkeypatch, stumble)
    broker().delete("default")
    outbox.dispatch(ids)
    work_off(2 + 5)
    assert sorted(done) == sorted(set(ids) - {ids[3]})
    assert {e.response_id for e in heard} == set(ids)

    broken.clear()
    work_off()
    assert sorted(done) == sorted(ids)
    assert get_store().find_undispatched(before=now() + timedelta(days=1), limit=9) == []


def test_a_lost_announcement_is_found_by_the_sweep(stored, heard):
    lose()
    assert outbox.dispatch_stale() == 0, "it may still be on its way"
    with later(31):
        assert outbox.dispatch_stale() == 1
        work_off()
    assert len(heard) == 1
    assert row(stored).dispatched_revision == 1


def test_a_lost_delivery_is_published_again(stored, heard):
    work_off(1)
    lose()
    with later(60):
        assert outbox.dispatch_stale() == 0, "a retry may still be waiting"
    with later(receipts.LOST_AFTER_SECONDS + 1):
        assert outbox.dispatch_stale() == 1
        work_off()
    assert len(heard) == 1
    assert row(stored).dispatched_revision == 1


def test_what_is_on_its_way_is_published_once(stored):
    work_off(1)
    outbox.dispatch([stored.id])
    with later(31):
        outbox.dispatch_stale()
    assert waiting() == [DELIVER]


def test_with_a_long_queue_what_is_late_merely_waits(stored, monkeypatch):
    work_off(1)
    monkeypatch.setattr(receipts, "LONG_QUEUE", 0)
    with later(3600):
        assert outbox.dispatch_stale() == 0
        assert outbox.dispatch_stale(anew=True) == 1


def test_a_retry_shows_that_the_event_is_not_lost(stored, monkeypatch):
    listen(monkeypatch, lambda _events: 1 / 0)
    work_off(3)
    with later(80):
        work_off(1)
    with later(120):
        assert outbox.dispatch_stale() == 0


def test_a_broker_that_lost_everything_gets_it_anew(stored, heard):
    work_off(1)
    broker().flushdb()
    with later(31):
        assert outbox.dispatch_stale() == 1
        work_off()
    assert len(heard) == 1
    assert row(stored).dispatched_revision == 1


def test_an_edit_while_the_first_event_is_lost_publishes_both(stored, ada, heard):
    work_off(1)
    lose()
    responses.edit_response(row(stored), {"name": "Grace"}, actor=ada)
    wait_for(lambda: waiting() == [DISPATCH])
    work_off()
    assert [(e.name, e.revision) for e in heard] == [
        ("response.submitted", 1),
        ("response.updated", 2),
    ]
    assert row(stored).dispatched_revision == 2


def test_an_event_is_the_same_however_late_it_is_published(stored, ada, heard):
    submitted = row(stored)
    with later(3600):
        edited = responses.edit_response(submitted, {"name": "Grace"}, actor=ada)
    with later(7200):
        responses.delete_response(edited, actor=ada)
        broker().flushdb()
        outbox.dispatch([stored.id])
        work_off()
    assert [(e.id, e.name) for e in heard] == [
        (f"evt_{stored.id}_1", "response.submitted"),
        (f"evt_{stored.id}_2", "response.updated"),
        (f"evt_{stored.id}_3", "response.deleted"),
    ]
    hours = [e.occurred_at[11:13] for e in heard]
    assert len(set(hours)) == 3


def test_a_message_for_a_subscriber_that_is_gone_is_done(stored, monkeypatch):
    listen(monkeypatch, lambda _events: None, name="tests.gone")
    work_off(1)
    monkeypatch.delitem(events._subscribers, "tests.gone")
    work_off()
    assert row(stored).dispatched_revision == 1


def test_where_nobody_listens_the_response_is_done_at_once(stored, monkeypatch):
    monkeypatch.setattr(events, "_subscribers", {})
    work_off()
    assert row(stored).dispatched_revision == 1


def test_the_sweep_goes_through_more_than_one_page(form, queued, heard, monkeypatch):
    monkeypatch.setattr(outbox, "PAGE", 10)
    monkeypatch.setattr(outbox, "LARGEST_BATCH", 4)
    long_ago = now() - timedelta(hours=1)
    left = FormResponseFactory.build_batch(25, form_id=form.id, submitted_at=long_ago)
    get_store().insert_responses(left)

    assert outbox.dispatch_stale() == 25
    assert outbox.dispatch_stale() == 0
    work_off()
    assert sorted(e.response_id for e in heard) == sorted(each.id for each in left)


def test_the_sweep_ends_in_time_and_goes_on_the_next_time(form, queued, monkeypatch):
    monkeypatch.setattr(outbox, "PAGE", 10)
    long_ago = now() - timedelta(hours=1)
    left = FormResponseFactory.build_batch(15, form_id=form.id, submitted_at=long_ago)
    get_store().insert_responses(left)

    assert outbox.dispatch_stale(seconds=0) == 10
    assert outbox.dispatch_stale() == 5


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_lose_and_mark_nothing_twice(form, queued, heard):
    long_ago = now() - timedelta(hours=1)
    left = FormResponseFactory.build_batch(50, form_id=form.id, submitted_at=long_ago)
    get_store().insert_responses(left)

    sweeps = [threading.Thread(target=_sweep) for _ in range(4)]
    for sweep in sweeps:
        sweep.start()
    for sweep in sweeps:
        sweep.join()
    work_off()

    assert {e.response_id for e in heard} == {each.id for each in left}
    assert get_store().find_undispatched(before=now() + timedelta(days=1), limit=9) == []


def _sweep():
    from django.db import connection

    outbox.dispatch_stale()
    connection.close()


def test_sessions_and_versions_take_the_same_way(form, ada, queued, heard):
    session = sessions.record_steps(form, {"view": None})
    publishing.publish_form(form, actor=ada)
    wait_for(lambda: len(waiting()) == 2)
    work_off()
    assert sorted(e.id for e in heard) == sorted([f"evt_{session.id}_1", f"evt_{form.id}_v2"])
    with later(3600):
        assert outbox.dispatch_stale() == 0


def test_a_response_ends_its_session(form, ada):
    session = sessions.record_steps(form, {"view": None, "start": None})
    response, _ = submit_response(form, {"name": "Ada"}, actor=ada, session_id=session.id)
    ended = get_store().find_session(form.id, session.id)
    assert (ended.submitted_at, ended.response_id) == (response.submitted_at, response.id)


def test_a_session_of_another_form_is_left_alone(form, ada):
    draft = catalog.create_form(actor=ada, title="Dinner", definition=definition())
    publishing.publish_form(draft, actor=ada)
    other = sessions.record_steps(get_store().find_form(draft.id), {"view": None})
    response, _ = submit_response(form, {"name": "Ada"}, actor=ada, session_id=other.id)
    assert get_store().find_session(draft.id, other.id) == get_store().find_sessions([other.id])[0]
    assert get_store().find_session(draft.id, other.id).response_id is None
    assert row(response).dispatched_revision == 1


def test_a_version_that_never_came_into_force_is_not_announced(form, ada, queued, heard):
    crashed_between_the_writes(form)
    with later(60):
        assert outbox.dispatch_stale() == 0
    assert heard == []


def test_publishing_again_takes_up_what_a_crash_left(form, ada, queued, heard):
    left = crashed_between_the_writes(form)
    again = publishing.publish_form(form, actor=ada)
    wait_for(waiting)
    work_off()
    assert again == left
    assert [e.version for e in heard] == [2]
    assert get_store().find_form(form.id).current_version == 2


def test_publishing_another_draft_passes_over_what_a_crash_left(form, ada, queued, heard):
    crashed_between_the_writes(form)
    changed = {"fields": [*definition()["fields"], {"id": "more", "type": "text", "label": "?"}]}
    draft = catalog.update_form(form, definition=changed)
    publishing.publish_form(draft, actor=ada)
    wait_for(waiting)
    with later(60):
        outbox.dispatch_stale()
    work_off()
    assert [e.version for e in heard] == [3]


def crashed_between_the_writes(form):
    from dataclasses import replace

    first = get_store().find_version(form.id, 1)
    left = replace(first, number=2, published_at=now(), dispatched_at=None)
    assert get_store().insert_version(left)
    return left


def test_without_a_broker_submitting_goes_on_at_once(form, ada, queued):
    with no_broker():
        started = time.perf_counter()
        found = [submit_response(form, {"age": age}, actor=ada)[0] for age in range(20)]
        assert time.perf_counter() - started < 6, "each waited for a broker"
        assert {row(each).dispatched_at for each in found} == {None}


def test_a_full_queue_drops_the_hint_and_nothing_else(monkeypatch):
    monkeypatch.setattr(announcing, "LONGEST_QUEUE", 3)
    monkeypatch.setattr(announcing, "GATHER_SECONDS", 1)
    monkeypatch.setattr(announcing, "FAREWELL_SECONDS", 20)
    sent = []
    monkeypatch.setattr(announcing, "send", lambda _task, keys: sent.extend(keys) or True)
    announcer = Announcer()
    for _ in range(50):
        announcer.put(dispatch_responses, new_id())
    announcer.farewell()
    assert 3 <= len(sent) <= 5


def test_one_message_carries_what_came_in_at_once(monkeypatch):
    monkeypatch.setattr(announcing, "GATHER_SECONDS", 1)
    monkeypatch.setattr(announcing, "FAREWELL_SECONDS", 20)
    batches = []
    monkeypatch.setattr(announcing, "send", lambda _task, keys: batches.append(len(keys)) or True)
    announcer = Announcer()
    for _ in range(350):
        announcer.put(dispatch_responses, new_id())
    announcer.farewell()
    assert sum(batches) == 350
    assert len(batches) <= 3


def test_a_mistake_nobody_expected_costs_one_message_and_not_the_announcer(monkeypatch, caplog):
    monkeypatch.setattr(announcing, "REST_SECONDS", 0)
    monkeypatch.setattr(announcing, "FAREWELL_SECONDS", 20)
    sent = []

    def fail_once(_task, keys):
        sent.extend(keys)
        if len(sent) == 1:
            raise RuntimeError("a mistake of ours")
        return True

    monkeypatch.setattr(announcing, "send", fail_once)
    announcer = Announcer()
    first, second = new_id(), new_id()
    announcer.put(dispatch_responses, first)
    wait_for(lambda: sent == [first])
    announcer.put(dispatch_responses, second)
    wait_for(lambda: sent == [first, second])
    announcer.farewell()
    assert "a mistake of ours" in caplog.text


def test_the_farewell_is_short_where_the_broker_hangs(monkeypatch):
    monkeypatch.setattr(announcing, "FAREWELL_SECONDS", 0.2)
    monkeypatch.setattr(announcing, "send", lambda _task, _keys: time.sleep(20))
    announcer = Announcer()
    announcer.put(dispatch_responses, new_id())
    started = time.perf_counter()
    announcer.farewell()
    assert time.perf_counter() - started < 10
