"""Telling an endpoint's people that something is wrong: once per endpoint, never per message."""

from datetime import datetime
from functools import partial

from django.db import transaction

from formplatform.core import clock
from formplatform.core.publishing import publish
from formplatform.forms.ids import new_id

from .events import WebhookFailing
from .lane_models import Lane


def tell_of_dead_letters(lane: Lane, *, at: datetime) -> None:
    """Once, until a message arrives again. The caller saves the lane, within its transaction."""
    if lane.alerted_at is not None:
        return
    lane.alerted_at = at
    _publish(lane, at=at, reason="dead_letters")


def _publish(lane: Lane, *, at: datetime, reason: str) -> None:
    event = WebhookFailing(
        id=f"evt_{new_id()}",
        occurred_at=clock.to_text(at),
        webhook_id=lane.pk,
        form_id=lane.webhook.form_id,
        reason=reason,
    )
    transaction.on_commit(partial(publish, [event]), robust=True)
