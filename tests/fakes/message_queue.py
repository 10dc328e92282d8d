"""The broker of the run, without a worker: look at its messages, lose them, work them off here."""

import contextlib
import json

from celery.app.trace import build_tracer

from formplatform.celery import app
from formplatform.core.connections import broker
from formplatform.forms import announcing

QUEUE = app.conf.task_default_queue


@contextlib.contextmanager
def real_messages(settings):
    """Tasks go to the broker, not at once; it is empty before and after."""
    settings.OUTBOX_INLINE = False
    app.conf.task_always_eager = False
    broker().flushdb()
    try:
        yield
    finally:
        announcing.say_farewell()
        announcing._begin_anew()
        app.conf.task_always_eager = True
        broker().flushdb()


def waiting():
    """The names of the tasks that wait, the oldest first."""
    raw = reversed(broker().lrange(QUEUE, 0, -1))
    return [json.loads(message)["headers"]["task"] for message in raw]


def lose(count=1):
    """As a worker does that dies between taking messages and noting that it took them."""
    assert len(broker().rpop(QUEUE, count) or []) == count


def work_off(limit=1000):
    """Run what waits, in this thread, whatever its countdown; returns how many messages."""
    done = 0
    with app.connection_for_read() as connection, connection.SimpleQueue(QUEUE) as queue:
        while done < limit:
            try:
                message = queue.get(block=False)
            except queue.Empty:
                break
            _run(message)
            message.ack()
            done += 1
    return done


def _run(message):
    headers = message.headers
    arguments, options, _ = message.payload
    task = app.tasks[headers["task"]]
    request = {**headers, "delivery_info": {}, "hostname": "tests", "called_directly": False}
    trace = build_tracer(task.name, task, app=app, eager=False)
    trace(headers["id"], arguments, options, request)


def redeliver():
    """What a broker does after the visibility timeout: what dead workers held comes back."""
    for raw in broker().hvals("unacked"):
        message, _, _ = json.loads(raw)
        broker().rpush(QUEUE, json.dumps(message))
    broker().delete("unacked", "unacked_index")
