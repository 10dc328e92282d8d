"""Every model of the app; each sub-package keeps its own."""

from .webhooks.models import (
    Attempt,
    DeadLetter,
    Delivery,
    Event,
    Payload,
    SigningSecret,
    Webhook,
)

__all__ = ["Attempt", "DeadLetter", "Delivery", "Event", "Payload", "SigningSecret", "Webhook"]
