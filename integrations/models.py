"""Every model of the app; each sub-package keeps its own."""

from .webhooks.lane_models import Lane
from .webhooks.models import (
    Attempt,
    DeadLetter,
    Delivery,
    Event,
    Omission,
    Payload,
    SigningSecret,
    Webhook,
)

__all__ = [
    "Attempt",
    "DeadLetter",
    "Delivery",
    "Event",
    "Lane",
    "Omission",
    "Payload",
    "SigningSecret",
    "Webhook",
]
