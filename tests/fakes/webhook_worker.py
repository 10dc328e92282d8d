"""A worker process for tests: ``python -m tests.fakes.webhook_worker <act> [argument]``.

deliver    deliver what is due, once
crash      the same, but die as by kill -9 at the named step
claim      take up and finish everything that is due, without calls; print the ids taken
replay     send every dead letter again, two at a time; print how many; with an argument, die before
           that batch is committed
enqueue    take in so many events of a form, one by one; the arguments are the form and the number
missed     send what an endpoint missed; the arguments are the endpoint and the batch to die in
"""

import os
import random
import signal
import sys
import time
import uuid
from itertools import count
from types import ModuleType

import django

django.setup()

from formplatform.core import clock  # noqa: E402 - after django.setup
from formplatform.forms.events import ResponseSubmitted  # noqa: E402
from formplatform.forms.ids import new_id  # noqa: E402
from integrations import http  # noqa: E402
from integrations.webhooks import courier, delivery, endpoints, intake  # noqa: E402
from integrations.webhooks.models import Delivery, Webhook  # noqa: E402
from integrations.webhooks.queue import doorbell, lanes  # noqa: E402
from integrations.webhooks.repeating import missed, replays  # noqa: E402
from integrations.webhooks.sending import claims, jobs, outcomes  # noqa: E402

STEPS = {
    "before the call": (http, "send"),
    "after the call": (delivery, "_judge"),
    "before writing down": (outcomes, "record"),
    "while writing down": (outcomes, "_settle_delivered"),
}


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def claim() -> None:
    me, now = uuid.uuid4(), clock.now()
    while runs := claims.take(me, room=5, in_flight={}):
        taken = [job for run in runs for job in run.jobs]
        print(*(job.delivery_id for job in taken), sep="\n")  # noqa: T201 - the parent reads it
        results = [jobs.Result(job=job, started_at=now, at=now, delivered=True) for job in taken]
        outcomes.record(results, courier=me, in_flight={})


def die_at_call(module: ModuleType, name: str, number: int) -> None:
    real, calls = getattr(module, name), count(1)

    def counted(*arguments: object, **options: object) -> object:
        return die() if next(calls) == number else real(*arguments, **options)

    setattr(module, name, counted)


def replay() -> None:
    replays.BATCH = 2
    if sys.argv[2:]:
        die_at_call(lanes, "wake", int(sys.argv[2]))
    print(replays.replay(Delivery.objects.filter(status="dead")))  # noqa: T201 - the parent reads


def catch_up() -> None:
    missed.BATCH = 2
    if sys.argv[3:]:
        die_at_call(intake, "_move_on", int(sys.argv[3]))
    print(endpoints.enable(Webhook.objects.get(pk=sys.argv[2]), replay=True))  # noqa: T201


def enqueue() -> None:
    """So many responses to a form, one transaction each, slow to commit."""
    form_id, responses = sys.argv[2], int(sys.argv[3])
    doorbell.ring_on_commit = lambda: time.sleep(random.uniform(0, 0.02))
    for _ in range(responses):
        response_id = new_id()
        event = ResponseSubmitted(
            id=f"evt_{response_id}_1",
            occurred_at="2026-01-09T12:00:00.000Z",
            form_id=form_id,
            response_id=response_id,
            revision=1,
            version=1,
        )
        intake.enqueue_deliveries([event])


ACTS = {"claim": claim, "replay": replay, "missed": catch_up, "enqueue": enqueue}


if __name__ == "__main__":
    if sys.argv[1] in ACTS:
        doorbell.connect(lambda: None)  # what they make due is delivered by the test
        ACTS[sys.argv[1]]()
    else:
        if sys.argv[1] == "crash":
            setattr(*STEPS[sys.argv[2]], die)
        courier.Courier(hands=4).run_until_idle()
