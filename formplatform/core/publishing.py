"""Handing events to the queues of their subscribers."""

from collections.abc import Sequence

from .events import Event, subscribers
from .tasks import deliver_events


def publish(events: Sequence[Event]) -> None:
    """Hand events to every subscriber's queue: one message per subscriber, not per event.

    Raises the broker's error when it is down: the caller's outbox row then stays undispatched.
    """
    for subscriber in subscribers():
        wanted = [event.payload() for event in events if event.name in subscriber.events]
        if wanted:
            deliver_events.delay(subscriber.name, wanted)
