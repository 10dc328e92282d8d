"""The one task that carries events to subscribers."""

import logging
from typing import Any

from celery import Task, shared_task
from django.conf import settings

from . import events, receipts

logger = logging.getLogger(__name__)


@shared_task(name="core.deliver_events", bind=True, max_retries=None)
def deliver_events(
    task: "Task[Any, Any]", subscriber_name: str, payloads: list[events.Payload], ticket: str = ""
) -> None:
    """Deliver a batch. A failing batch is split; a failing event is retried, for ever."""
    try:
        events.deliver(subscriber_name, payloads)
    except Exception as error:  # noqa: BLE001 - whatever a subscriber raises, its events are kept
        _keep(task, error)
    else:
        receipts.sign(ticket)


def _keep(task: "Task[Any, Any]", error: Exception) -> None:
    if task.app.conf.task_always_eager:
        raise error
    subscriber_name, payloads, ticket = _arguments(task)
    logger.warning(
        "subscriber failed",
        extra={"subscriber": subscriber_name, "events": len(payloads), "error": error},
    )
    if len(payloads) > 1:
        tickets = receipts.split(ticket, [str(payload["id"]) for payload in payloads])
        for payload, smaller in zip(payloads, tickets, strict=True):
            deliver_events.apply_async((subscriber_name, [payload], smaller), queue=_queue_of(task))
        return
    receipts.renew(ticket)
    raise task.retry(exc=error, countdown=_delay_seconds(task.request.retries))


def _arguments(task: "Task[Any, Any]") -> tuple[str, list[events.Payload], str]:
    subscriber_name, payloads, ticket = (*(task.request.args or ()), "")[:3]
    return subscriber_name, payloads, ticket


def _queue_of(task: "Task[Any, Any]") -> str:
    """Where the message came from."""
    came = task.request.delivery_info or {}
    return str(came.get("routing_key") or settings.CELERY_TASK_DEFAULT_QUEUE)


def _delay_seconds(retries: int) -> int:
    longest: int = settings.MAX_COUNTDOWN_SECONDS
    return longest if retries > longest else min(1 << retries, longest)
