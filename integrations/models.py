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
from .webhooks.notice_models import Notice

__all__ = [
    "Attempt",
    "DeadLetter",
    "Delivery",
    "Event",
    "Lane",
    "Notice",
    "Omission",
    "Payload",
    "SigningSecret",
    "Webhook",
]
