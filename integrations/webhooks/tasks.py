"""Celery's doors to the webhooks: thin, without arguments that could hold a secret."""

from datetime import timedelta

from celery import Task, shared_task
from celery.signals import worker_process_shutdown, worker_shutdown

from formplatform.core import clock
from formplatform.core.features import Feature, is_enabled

from . import courier
from .queue import doorbell, lanes
from .repeating import missed
from .tending import erasure, failing, notices, reconciling, retention

LONGEST_PRUNE_SECONDS = 300.0
"""What is left waits for the next hour."""
CATCH_UP_SECONDS = 20.0
"""How long one endpoint may take of a turn of `catch_up`."""
RECONCILED = timedelta(days=2)


@shared_task(name="webhooks.deliver_due", bind=True)
def deliver_due(task: "Task[[], None]") -> None:
    """Deliver what is due: rung when something is enqueued, swept by beat every few seconds."""
    if is_enabled(Feature.WEBHOOKS):
        courier.ring(in_place=task.request.is_eager)


@shared_task(name="webhooks.catch_up")
def catch_up() -> None:
    """Go on sending what endpoints missed while they were disabled."""
    if is_enabled(Feature.WEBHOOKS):
        missed.catch_up(seconds=CATCH_UP_SECONDS)


@shared_task(name="webhooks.sweep")
def sweep() -> None:
    """Wake lanes that nobody would look at, should there ever be one."""
    if is_enabled(Feature.WEBHOOKS) and lanes.sweep():
        doorbell.ring()


@shared_task(name="webhooks.reconcile")
def reconcile() -> None:
    """Send what endpoints should have got in the last days and did not hear of."""
    if is_enabled(Feature.WEBHOOKS):
        reconciling.reconcile(since=clock.now() - RECONCILED, mend=True)


doorbell.connect(deliver_due.delay)


@shared_task(name="webhooks.watch_endpoints")
def watch_endpoints() -> None:
    """Warn of endpoints that have failed for days; in the end disable them."""
    if is_enabled(Feature.WEBHOOKS):
        failing.watch_endpoints()


@shared_task(name="webhooks.send_notices")
def send_notices() -> None:
    """Mail what an endpoint's people are to be told."""
    if is_enabled(Feature.WEBHOOKS):
        notices.send_notices()


@shared_task(name="webhooks.prune")
def prune() -> None:
    """Forget what is old enough, and erase what was on its way when its response was deleted."""
    if is_enabled(Feature.WEBHOOKS):
        erasure.erase_deleted()
        retention.prune(seconds=LONGEST_PRUNE_SECONDS)


@worker_process_shutdown.connect
@worker_shutdown.connect
def finish_calls(**_: object) -> None:
    """Let the calls in flight end before the worker does."""
    courier.stop()
