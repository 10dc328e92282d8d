"""Handing events to the queues of their subscribers."""

from collections.abc import Sequence

from django.conf import settings
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from . import receipts
from .errors import UnavailableError
from .events import Event, subscribers
from .receipts import Owed
from .tasks import deliver_events

BROKER_ERRORS = (OperationalError, RedisError, OSError)


def publish(events: Sequence[Event], *, owed: Owed | None = None, queue: str = "") -> None:
    """Hand events to every subscriber: one message per subscriber, not per event.

    The messages wait in the named queue, or in the default one. What is `owed` is settled once
    every subscriber has handled its part, which survives a lost message; without it the events are
    handed over once. Raises UnavailableError when the broker is down: part of the messages may
    have gone, so publish all again later.
    """
    payloads = {
        subscriber.name: [e.payload() for e in events if e.name in subscriber.events]
        for subscriber in subscribers()
    }
    wanted = {name: found for name, found in payloads.items() if found}
    try:
        tickets = receipts.open_receipt(owed, list(wanted)) if owed and wanted else None
        for place, (name, found) in enumerate(wanted.items()):
            ticket = tickets[place] if tickets else ""
            deliver_events.apply_async(
                (name, found, ticket), queue=queue or settings.CELERY_TASK_DEFAULT_QUEUE
            )
        if owed and wanted:
            receipts.note_sent(owed)
    except BROKER_ERRORS as error:
        raise UnavailableError("The broker does not answer; try again.") from error
    if owed and not wanted:
        receipts.settle(owed)
