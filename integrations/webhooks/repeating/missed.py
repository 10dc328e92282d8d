"""What an endpoint missed while it was disabled, and sending it after all.

Events that came while an endpoint was disabled left an omission. They are sent from their stored
events through the intake, so a second call, or one that goes on after the first was killed, makes
no second delivery. `disabled_at` stays until that is done; a last look a while later finds what a
worker that still took the endpoint for disabled has written down meanwhile.
"""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db.models import Max, QuerySet

from formplatform.core import clock
from formplatform.core.errors import UnavailableError
from formplatform.core.events import event_from
from integrations.webhooks import intake
from integrations.webhooks.models import Delivery, Omission, Webhook

from . import replays

logger = logging.getLogger(__name__)

BATCH = 200
SETTLED_AFTER = timedelta(minutes=1)
"""By then every worker knows that an endpoint was switched on."""


def send_missed(
    webhook: Webhook,
    *,
    seconds: float | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Send an enabled endpoint's dead letters and what was left out; returns how many messages.

    Args:
        webhook: enabled.
        seconds: end after so long, if need be before all is sent.
        progress: told how many messages a batch made.

    Raises:
        UnavailableError: a fresh response cannot be read yet; the rest is sent later.
    """
    dead = Delivery.objects.filter(webhook=webhook, status=Delivery.Status.DEAD)
    replayed = replays.replay(dead, progress=progress)
    return replayed + send_omitted(webhook, seconds=seconds, progress=progress)


def send_omitted(
    webhook: Webhook,
    *,
    seconds: float | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Send what was left out while the endpoint was disabled; see `send_missed`."""
    ends_at = None if seconds is None else time.monotonic() + seconds
    sent = 0
    for batch in _pages(missed_by(webhook)):
        events = [event_from(each.event.data) for each in batch if each.event.data]
        made = intake.enqueue_deliveries(events, only={webhook.pk}, late=True)
        progress(made)
        sent += made
        if ends_at is not None and time.monotonic() > ends_at:
            return sent
    _note_caught_up(webhook)
    return sent


def missed_by(webhook: Webhook) -> QuerySet[Omission]:
    """What was left out since the endpoint was disabled and is not sent yet."""
    found = Omission.objects.filter(webhook=webhook, reason=Omission.Reason.DISABLED)
    if webhook.disabled_at is None:
        return found.none()
    return found.filter(created_at__gte=webhook.disabled_at)


def catch_up(*, seconds: float) -> int:
    """Go on with every endpoint whose missed messages are not all sent; returns how many were."""
    unfinished = Webhook.objects.filter(
        status=Webhook.Status.ENABLED, deleted_at__isnull=True, disabled_at__isnull=False
    )
    sent = 0
    for webhook in unfinished:
        try:
            sent += send_omitted(webhook, seconds=seconds)
        except UnavailableError:
            logger.info("missed events cannot be read yet", extra={"webhook": webhook.pk})
    return sent


def _pages(omitted: QuerySet[Omission]) -> Iterator[list[Omission]]:
    """Oldest first. What is written down anew meanwhile is not read again."""
    last: int | None = omitted.aggregate(last=Max("pk"))["last"]
    after = 0
    while last is not None and after < last:
        page = list(
            omitted.filter(pk__gt=after, pk__lte=last)
            .select_related("event")
            .order_by("pk")[:BATCH]
        )
        if not page:
            return
        yield page
        after = page[-1].pk


def _note_caught_up(webhook: Webhook) -> None:
    if clock.now() - webhook.updated_at >= SETTLED_AFTER:
        Webhook.objects.filter(
            pk=webhook.pk, status=Webhook.Status.ENABLED, disabled_at=webhook.disabled_at
        ).update(disabled_at=None)
