"""The one task that carries events to subscribers."""

import logging
from typing import Any

from celery import Task, shared_task
from django.conf import settings

from . import events

logger = logging.getLogger(__name__)


@shared_task(name="core.deliver_events", bind=True, max_retries=None)
def deliver_events(
    task: "Task[Any, Any]", subscriber_name: str, payloads: list[events.Payload]
) -> None:
    """Deliver a batch. A failing batch is split; a failing event is retried, for ever."""
    try:
        events.deliver(subscriber_name, payloads)
    except Exception as error:  # noqa: BLE001 - whatever a subscriber raises, its events are kept
        _keep(task, subscriber_name, payloads, error)


def _keep(
    task: "Task[Any, Any]", subscriber_name: str, payloads: list[events.Payload], error: Exception
) -> None:
    if task.app.conf.task_always_eager:
        raise error
    logger.warning(
        "subscriber failed",
        extra={"subscriber": subscriber_name, "events": len(payloads), "error": repr(error)},
    )
    if len(payloads) > 1:
        for payload in payloads:
            deliver_events.delay(subscriber_name, [payload])
        return
    raise task.retry(exc=error, countdown=_delay_seconds(task.request.retries))


def _delay_seconds(retries: int) -> int:
    longest: int = settings.MAX_COUNTDOWN_SECONDS
    return longest if retries > longest else min(1 << retries, longest)
