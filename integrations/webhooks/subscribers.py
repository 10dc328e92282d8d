"""What webhooks do when something happens."""

from collections.abc import Sequence

from formplatform.core.events import Event, subscribe

from .events import DELIVERABLE
from .intake import enqueue_deliveries


@subscribe(*DELIVERABLE, name="webhooks.enqueue")
def enqueue(events: Sequence[Event]) -> None:
    """One delivery per event and endpoint that wants it."""
    enqueue_deliveries(events)
