"""Telling an endpoint's people what becomes of it: once per endpoint, never per message.

What is told goes two ways: an event for whoever subscribes to it, and a notice, which `notices`
mails. The notice is written in the transaction of what it tells of, so no outage loses it.
"""

from datetime import datetime, timedelta

from django.db import transaction

from formplatform.core import clock
from formplatform.core.events import Event
from formplatform.core.publishing import publish
from formplatform.forms.ids import new_id

from .events import WebhookDisabled, WebhookFailing, WebhookRecovered
from .lane_models import Lane
from .models import Webhook
from .notice_models import Notice

QUIET = timedelta(hours=6)
"""An endpoint that comes and goes is told of no more often than this."""
SUPERSEDED_BY_DISABLING = (Notice.Kind.DEAD_LETTERS, Notice.Kind.WILL_BE_DISABLED)


def tell_of_dead_letters(lane: Lane, *, at: datetime) -> None:
    """Once, until a message arrives again. The caller saves the lane, within its transaction."""
    if lane.alerted_at is not None:
        return
    lane.alerted_at = at
    _tell_failing(lane, Notice.Kind.DEAD_LETTERS, at=at)


def warn_of_disabling(lane: Lane, *, percent: int, at: datetime) -> None:
    """So much of the time to being disabled is over. The caller saves the lane."""
    lane.warned_percent, lane.warned_at = percent, at
    _tell_failing(lane, Notice.Kind.WILL_BE_DISABLED, at=at)


def tell_of_disabling(webhook: Webhook, *, reason: Webhook.DisabledReason, at: datetime) -> None:
    """Its owner is not written to about what a person did."""
    if reason != Webhook.DisabledReason.BY_OWNER:
        unsent = Notice.objects.filter(webhook=webhook, due_at__isnull=False)
        unsent.filter(kind__in=SUPERSEDED_BY_DISABLING).delete()
        _write(webhook.pk, Notice.Kind.DISABLED, at=at)
    _publish(
        WebhookDisabled(
            id=f"evt_{new_id()}",
            occurred_at=clock.to_text(at),
            webhook_id=webhook.pk,
            form_id=webhook.form_id,
            reason=reason.value,
        )
    )


def tell_of_recovery(lane: Lane, *, at: datetime) -> None:
    """A message arrived. Silent unless its people were told of trouble before."""
    if lane.alerted_at is None and not lane.warned_percent:
        return
    _write(lane.pk, Notice.Kind.RECOVERED, at=at)
    _publish(
        WebhookRecovered(
            id=f"evt_{new_id()}",
            occurred_at=clock.to_text(at),
            webhook_id=lane.pk,
            form_id=lane.webhook.form_id,
        )
    )


def _tell_failing(lane: Lane, kind: Notice.Kind, *, at: datetime) -> None:
    _write(lane.pk, kind, at=at)
    _publish(
        WebhookFailing(
            id=f"evt_{new_id()}",
            occurred_at=clock.to_text(at),
            webhook_id=lane.pk,
            form_id=lane.webhook.form_id,
            reason=kind.value,
        )
    )


def _write(webhook_id: str, kind: Notice.Kind, *, at: datetime) -> None:
    """One unsent notice of a kind says it all: a mail tells how things are when it is sent."""
    before = Notice.objects.filter(webhook=webhook_id, kind=kind).order_by("-created_at", "-pk")
    latest = before.first()
    if latest is not None and latest.due_at is not None:
        return
    spaced = kind in {Notice.Kind.DEAD_LETTERS, Notice.Kind.RECOVERED}
    sent_at = latest.sent_at if latest is not None and spaced else None
    due_at = max(at, sent_at + QUIET) if sent_at is not None else at
    Notice.objects.create(webhook_id=webhook_id, kind=kind, created_at=at, due_at=due_at)


def _publish(event: Event) -> None:
    # Not a partial: where it fails, Django asks what it called for its name.
    transaction.on_commit(lambda: publish([event]), robust=True)
