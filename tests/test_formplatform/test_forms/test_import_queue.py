"""What an import causes waits in a queue of its own, whatever happens to it there."""

import io
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings

from formplatform.celery import app
from formplatform.core import events, receipts
from formplatform.core.clock import now
from formplatform.core.events import Subscriber
from formplatform.forms import imports, outbox, responses
from formplatform.forms.exports import Format
from formplatform.forms.storage.base import ResponseQuery
from formplatform.forms.storage.registry import get_store
from tests.fakes.message_queue import lose, real_messages, waiting, work_off

DISPATCH, DELIVER = "forms.dispatch_responses", "core.deliver_events"
IMPORTS = settings.IMPORT_QUEUE


@pytest.fixture
def queued(form, heard, settings):
    """Nothing is delivered before the test has it worked off."""
    with real_messages(settings):
        yield


@pytest.fixture
def imported(form, ada, queued):
    """Three rows, stored and announced."""
    rows = io.BytesIO(b'{"age": 1}\n{"age": 2}\n{"age": 3}\n')
    imports.import_stream(form, rows, file_format=Format.NDJSON, actor=ada, largest=1000)
    return stored(form)


def stored(form):
    return get_store().page_responses(ResponseQuery(form_id=form.id))


def test_a_worker_takes_from_both_queues_and_from_the_default_one_first():
    assert list(app.amqp.queues.consume_from) == ["default", "imports"]
    assert app.conf.broker_transport_options["queue_order_strategy"] == "priority"


def test_an_import_leaves_the_default_queue_alone(form, imported, heard):
    assert (waiting(), waiting(IMPORTS)) == ([], [DISPATCH])

    work_off(1, queues=[IMPORTS])
    assert (waiting(), waiting(IMPORTS)) == ([], [DELIVER])

    work_off(queues=[IMPORTS])
    assert {event.response_id for event in heard} == {each.id for each in imported}
    assert {each.dispatched_revision for each in stored(form)} == {1}


def test_what_fails_is_split_and_tried_again_there(imported, monkeypatch):
    wanted = ("response.submitted",)
    broken = Subscriber("tests.broken", wanted, lambda _events: 1 / 0)
    monkeypatch.setitem(events._subscribers, "tests.broken", broken)

    work_off(3, queues=[IMPORTS])
    assert (waiting(), waiting(IMPORTS)) == ([], [DELIVER] * 3)

    work_off(3, queues=[IMPORTS])
    assert (waiting(), waiting(IMPORTS)) == ([], [DELIVER] * 3)


def test_what_was_lost_comes_back_there(form, imported, heard):
    work_off(1)
    assert waiting(IMPORTS) == [DELIVER]
    lose(queue=IMPORTS)

    with time_machine.travel(now() + timedelta(seconds=receipts.LOST_AFTER_SECONDS + 1)):
        assert outbox.dispatch_stale() == 3

    assert (waiting(), waiting(IMPORTS)) == ([], [DELIVER])
    work_off()
    assert {each.dispatched_revision for each in stored(form)} == {1}


def test_a_long_queue_of_imports_does_not_keep_other_lost_messages_lost(
    form, ada, imported, monkeypatch
):
    edited = responses.edit_response(imported[0], {"age": 9}, actor=ada)
    outbox.dispatch([edited.id])
    lose(len(waiting()))
    monkeypatch.setattr(receipts, "LONG_QUEUE", 0)

    with time_machine.travel(now() + timedelta(seconds=receipts.LOST_AFTER_SECONDS + 1)):
        outbox.dispatch_stale()

    assert waiting() == [DELIVER]


def test_an_edit_of_an_imported_response_does_not_wait_behind_imports(form, ada, imported, heard):
    edited = responses.edit_response(imported[0], {"age": 9}, actor=ada)
    outbox.dispatch([edited.id])

    assert (DELIVER in waiting(), waiting(IMPORTS)) == (True, [DISPATCH])
    work_off(queues=["default"])
    assert get_store().find_response(form.id, edited.id).dispatched_revision == 2
    assert {event.response_id for event in heard} == {edited.id}
