"""What webhooks do when something happens."""

from collections.abc import Sequence

from formplatform.core.events import Event, subscribe
from formplatform.forms.events import ResponseDeleted

from .events import DELIVERABLE, WebhookDisabled, WebhookFailing, WebhookRecovered
from .intake import enqueue_deliveries
from .tending.erasure import erase_answers
from .tending.notices import send_notices


@subscribe(*DELIVERABLE, name="webhooks.enqueue")
def enqueue(events: Sequence[Event]) -> None:
    """One delivery per event and endpoint that wants it."""
    enqueue_deliveries(events)


@subscribe(WebhookFailing, WebhookDisabled, WebhookRecovered, name="webhooks.notify")
def notify(_events: Sequence[Event]) -> None:
    """Mail at once what beat would mail within the minute."""
    send_notices()


@subscribe(ResponseDeleted, name="webhooks.erase")
def erase(events: Sequence[Event]) -> None:
    """Forget the copies of a deleted response's answers."""
    erase_answers([getattr(event, "response_id", "") for event in events])
