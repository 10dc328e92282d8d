"""A worker process for tests: ``python -m tests.fakes.webhook_worker <act> [argument]``.

deliver    deliver what is due, once
crash      the same, but die as by kill -9 at the named step
claim      take up and finish everything that is due, without calls; print the ids taken
"""

import os
import signal
import sys

import django

django.setup()

from formplatform.core import clock  # noqa: E402 - after django.setup
from integrations import http  # noqa: E402
from integrations.webhooks import courier, delivery, queue  # noqa: E402

STEPS = {
    "before the call": (http, "send"),
    "after the call": (delivery, "_judge"),
    "before writing down": (delivery, "record"),
    "while writing down": (delivery, "_settle_delivered"),
}


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def claim() -> None:
    while jobs := queue.claim_due(limit=5):
        print(*(job.delivery_id for job in jobs), sep="\n")  # noqa: T201 - the parent reads it
        delivery.record([delivery.Result(job=job, at=clock.now(), delivered=True) for job in jobs])


if __name__ == "__main__":
    if sys.argv[1] == "claim":
        claim()
    else:
        if sys.argv[1] == "crash":
            setattr(*STEPS[sys.argv[2]], die)
        courier.Courier(hands=4).run_until_idle()
