"""Events of the webhooks themselves, and the names an endpoint may ask for."""

from dataclasses import dataclass
from typing import ClassVar

from formplatform.core.events import Event, register_event
from formplatform.forms.events import (
    FormPublished,
    ResponseDeleted,
    ResponseSubmitted,
    ResponseUpdated,
)

DELIVERABLE = (ResponseSubmitted, ResponseUpdated, ResponseDeleted, FormPublished)
DELIVERABLE_NAMES = tuple(event.name for event in DELIVERABLE)
TEST_NAME = "webhook.test"


@register_event
@dataclass(frozen=True, kw_only=True)
class WebhookDisabled(Event):
    """An endpoint was switched off; `reason` is one of `Webhook.DisabledReason`."""

    name: ClassVar[str] = "webhook.disabled"

    webhook_id: str
    form_id: str
    reason: str


@register_event
@dataclass(frozen=True, kw_only=True)
class WebhookFailing(Event):
    """An endpoint needs its people.

    `reason` is `dead_letters` (the first since a message last arrived) or `will_be_disabled`.
    """

    name: ClassVar[str] = "webhook.failing"

    webhook_id: str
    form_id: str
    reason: str


@register_event
@dataclass(frozen=True, kw_only=True)
class WebhookRecovered(Event):
    """A message arrived at an endpoint whose people had been told that it was failing."""

    name: ClassVar[str] = "webhook.recovered"

    webhook_id: str
    form_id: str
