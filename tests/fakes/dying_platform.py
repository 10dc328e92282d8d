"""Processes of the platform that die: ``python -m tests.fakes.dying_platform``.

Says first on which stores it works. Then it reads lines of ``<act> <step> [<form id>]`` and answers
each with how the process ended. Every act runs in a fork of its own, so that the imports are paid
once.

submit    submit one response, as a web process does, and leave
work      work as a worker until nothing waits
sweep     sweep as beat has it done
"""

import os
import signal
import sys
import threading
import time
import traceback

import django

django.setup()

from celery import Task  # noqa: E402 - after django.setup
from celery.worker import state  # noqa: E402
from django.db import connection  # noqa: E402
from kombu.transport.redis import QoS  # noqa: E402

from analytics import counting, metrics  # noqa: E402
from formplatform.celery import app  # noqa: E402
from formplatform.core import receipts  # noqa: E402
from formplatform.core.actors import Actor  # noqa: E402
from formplatform.core.clock import now  # noqa: E402
from formplatform.core.connections import broker  # noqa: E402
from formplatform.forms import announcing, outbox, sessions  # noqa: E402
from formplatform.forms.storage.registry import get_store  # noqa: E402
from formplatform.forms.submissions import submit_response  # noqa: E402
from integrations.webhooks import subscribers as webhooks  # noqa: E402
from integrations.webhooks.queue import doorbell  # noqa: E402

BEFORE, AFTER = "before", "after"
STORE = type(get_store())
SUBMITTING = {
    "nothing is stored yet": (STORE, "insert_response", BEFORE),
    "stored": (STORE, "insert_response", AFTER),
    "about to announce": (announcing, "send", BEFORE),
    "announced": (announcing, "send", AFTER),
}
WORKING = {
    "a message is popped": (QoS, "append", BEFORE),
    "the eighth message is popped": (QoS, "append", BEFORE, 8),
    "the twelfth message is popped": (QoS, "append", BEFORE, 12),
    "a message is noted": (QoS, "append", AFTER),
    "about to publish": (outbox, "publish", BEFORE),
    "a receipt is open": (receipts, "open_receipt", AFTER),
    "one of the messages is sent": (Task, "apply_async", AFTER),
    "all messages are sent": (receipts, "note_sent", BEFORE),
    "the sending is noted": (receipts, "note_sent", AFTER),
    "published": (outbox, "publish", AFTER),
    "about to count": (counting, "count_responses", BEFORE),
    "counted": (counting, "count_responses", AFTER),
    "the old numbers are forgotten": (metrics, "forget", AFTER),
    "about to enqueue webhooks": (webhooks, "enqueue_deliveries", BEFORE),
    "webhooks are enqueued": (webhooks, "enqueue_deliveries", AFTER),
    "the session is linked": (sessions, "link_responses", AFTER),
    "about to sign": (receipts, "sign", BEFORE),
    "signed": (receipts, "sign", AFTER),
    "about to mark": (receipts, "settle", BEFORE),
    "marked": (receipts, "settle", AFTER),
    "about to acknowledge": (QoS, "ack", BEFORE),
    "acknowledged": (QoS, "ack", AFTER),
}
SWEEPING = {
    "about to publish": (outbox, "publish", BEFORE),
    "one of the messages is sent": (Task, "apply_async", AFTER),
    "published": (outbox, "publish", AFTER),
}
STEPS = {"submit": SUBMITTING, "work": WORKING, "sweep": SWEEPING}
IDLE_SECONDS = 0.3
QUEUES = [queue.name for queue in app.conf.task_queues]


def submit(form_id):
    form = get_store().find_form(form_id)
    session = sessions.record_steps(form, {"view": None})
    submit_response(form, {"name": "Ada"}, actor=Actor(user_id=1), session_id=session.id)
    announcing.say_farewell()


def work(_form_id):
    threading.Thread(target=_stop_when_idle, daemon=True).start()
    app.Worker(pool="solo", loglevel="CRITICAL", without_mingle=True, without_gossip=True).start()


def sweep(_form_id):
    outbox.dispatch_stale(before=now(), anew=True)


def _stop_when_idle():
    idle_since = time.monotonic()
    while time.monotonic() - idle_since < IDLE_SECONDS:
        time.sleep(0.05)
        if any(broker().llen(name) for name in QUEUES) or broker().hlen("unacked"):
            idle_since = time.monotonic()
    state.should_stop = 0


def die_at(place, name, when, nth=1):
    function = getattr(place, name)
    calls = []

    def call(*arguments, **options):
        calls.append(1)
        dying = len(calls) == nth
        if dying and when == BEFORE:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments, **options)
        if dying:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(place, name, call)


def run(act, step, form_id):
    """In a fork; never returns."""
    status = 0
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the answer is the parent's
    try:
        doorbell.connect(lambda: None)
        if step:
            die_at(*STEPS[act][step])
        {"submit": submit, "work": work, "sweep": sweep}[act](form_id)
    except SystemExit:
        pass
    except BaseException:  # noqa: BLE001 - whatever it was, the parent hears of it
        traceback.print_exc()
        status = 1
    os._exit(status)


if __name__ == "__main__":
    print(get_store().name, connection.vendor, flush=True)  # noqa: T201 - our answer
    for line in sys.stdin:
        act, step, form_id = line.rstrip("\n").split("|")
        connection.close()
        pid = os.fork()
        if pid == 0:
            run(act, step, form_id)
        _, ended = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(ended), flush=True)  # noqa: T201 - our answer
