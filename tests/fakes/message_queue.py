"""The broker of the run, without a worker: look at its messages, lose them, work them off here."""

import contextlib
import json
from unittest import mock

from celery.app.trace import build_tracer
from kombu.exceptions import OperationalError

from formplatform.celery import app
from formplatform.core.connections import broker
from formplatform.forms import announcing

QUEUE = app.conf.task_default_queue
QUEUES = [queue.name for queue in app.conf.task_queues]


@contextlib.contextmanager
def real_messages(settings):
    """Tasks go to the broker, not at once; it is empty before and after."""
    settings.OUTBOX_INLINE = False
    app.conf.task_always_eager = False
    broker().flushdb()
    try:
        yield
    finally:
        _end_announcing()
        app.conf.task_always_eager = True
        broker().flushdb()


@contextlib.contextmanager
def no_broker():
    """Tasks are sent to a broker that does not answer."""
    before, app.conf.task_always_eager = app.conf.task_always_eager, False
    away = OperationalError("away")
    try:
        with mock.patch.object(app.amqp, "send_task_message", side_effect=away):
            yield
    finally:
        app.conf.task_always_eager = before


def _end_announcing():
    """What is still to be sent must not be worked off at once, in a thread that nobody tends."""
    announcing.say_farewell()
    if (thread := announcing._announcer._thread) is not None:
        thread.join(60)
        assert not thread.is_alive()
    announcing._begin_anew()


def waiting(queue=QUEUE):
    """The names of the tasks that wait, the oldest first."""
    raw = reversed(broker().lrange(queue, 0, -1))
    return [json.loads(message)["headers"]["task"] for message in raw]


def lose(count=1, *, queue=QUEUE):
    """As a worker does that dies between taking messages and noting that it took them."""
    assert len(broker().rpop(queue, count) or []) == count


def work_off(limit=1000, *, queues=QUEUES):
    """Run what waits, in this thread, whatever its countdown; returns how many messages.

    Like a worker it takes from a queue only while nothing waits in those before it.
    """
    done = 0
    with app.connection_for_read() as connection, contextlib.ExitStack() as stack:
        taken = [stack.enter_context(connection.SimpleQueue(name)) for name in queues]
        while done < limit and (message := _next(taken)):
            _run(message)
            message.ack()
            done += 1
    return done


def _next(queues):
    for queue in queues:
        with contextlib.suppress(queue.Empty):
            return queue.get(block=False)
    return None


def _run(message):
    headers = message.headers
    arguments, options, _ = message.payload
    task = app.tasks[headers["task"]]
    came = message.delivery_info
    request = {**headers, "delivery_info": came, "hostname": "tests", "called_directly": False}
    trace = build_tracer(task.name, task, app=app, eager=False)
    trace(headers["id"], arguments, options, request)


def redeliver():
    """What a broker does after the visibility timeout: what dead workers held comes back."""
    for raw in broker().hvals("unacked"):
        message, _, queue = json.loads(raw)
        broker().rpush(queue, json.dumps(message))
    broker().delete("unacked", "unacked_index")
