"""Handing events to the queues of their subscribers."""

from collections.abc import Sequence

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from . import receipts
from .errors import UnavailableError
from .events import Event, subscribers
from .receipts import Owed
from .tasks import deliver_events

BROKER_ERRORS = (OperationalError, RedisError, OSError)


def publish(events: Sequence[Event], *, owed: Owed | None = None) -> None:
    """Hand events to every subscriber's queue: one message per subscriber, not per event.

    What is `owed` is settled once every subscriber has handled its part, which survives a lost
    message; without it the events are handed over once. Raises UnavailableError when the broker
    is down: part of the messages may have gone, so publish all again later.
    """
    payloads = {
        subscriber.name: [e.payload() for e in events if e.name in subscriber.events]
        for subscriber in subscribers()
    }
    wanted = {name: found for name, found in payloads.items() if found}
    try:
        tickets = receipts.open_receipt(owed, list(wanted)) if owed and wanted else None
        for place, (name, found) in enumerate(wanted.items()):
            deliver_events.delay(name, found, tickets[place] if tickets else "")
        if owed and wanted:
            receipts.note_sent(owed)
    except BROKER_ERRORS as error:
        raise UnavailableError("The broker does not answer; try again.") from error
    if owed and not wanted:
        receipts.settle(owed)
