"""A worker process for tests: ``python -m tests.fakes.webhook_worker <act> [argument]``.

deliver    deliver what is due, once
crash      the same, but die as by kill -9 at the named step
claim      take up and finish everything that is due, without calls; print the ids taken
"""

import os
import signal
import sys
import uuid

import django

django.setup()

from formplatform.core import clock  # noqa: E402 - after django.setup
from integrations import http  # noqa: E402
from integrations.webhooks import claims, courier, delivery, jobs, outcomes  # noqa: E402

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


if __name__ == "__main__":
    if sys.argv[1] == "claim":
        claim()
    else:
        if sys.argv[1] == "crash":
            setattr(*STEPS[sys.argv[2]], die)
        courier.Courier(hands=4).run_until_idle()
