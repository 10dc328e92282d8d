"""Sending finished deliveries again.

Replays go in batches, each a transaction of its own under the locks of its lanes. What was sent
again, or delivered, in the meantime no longer fits when its batch is written, so two replays at
once send nothing twice, and one that was killed goes on where it stopped when it is asked again.
New messages go before replayed ones: see `ordering`.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from formplatform.core import clock
from formplatform.core.errors import ConflictError
from integrations.webhooks.models import Delivery, Webhook
from integrations.webhooks.queue import doorbell, lanes

from . import rerendering

FINAL = (Delivery.Status.DELIVERED, Delivery.Status.DEAD)
BATCH = 500
Place = tuple[datetime, str]
"""Where a finished delivery stands: when it was finished, then its id."""


def redeliver(delivery: Delivery) -> None:
    """Send a finished delivery again, from the beginning of its schedule.

    Raises:
        ConflictError: it is still on its way, its endpoint is not enabled, or its message still
            cannot be made.
    """
    if not delivery.webhook.is_enabled:
        raise ConflictError("The endpoint is disabled: enable it first.")
    if replay(Delivery.objects.filter(pk=delivery.pk)) > 0:
        return
    delivery.refresh_from_db()
    if delivery.status in FINAL and delivery.payload_id is None:
        raise ConflictError(f"The message cannot be made: {delivery.last_error}")
    raise ConflictError("The delivery is still on its way.")


def replay(
    deliveries: QuerySet[Delivery],
    *,
    limit: int | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Make finished deliveries due again, those finished first first; returns how many.

    Left as they are: those of endpoints that are not enabled, those that finish only while this
    runs, and those without a message, where none can be made now either.

    Args:
        deliveries: any of them; others than finished ones are left out.
        limit: at most so many.
        progress: told how many a batch has sent again.
    """
    replayed = 0
    finished = _replayable(deliveries, before=clock.now())
    for ids in _pages(finished, limit=limit):
        done = _revive(finished.filter(pk__in=ids))
        progress(done)
        replayed += done
    return replayed


def _replayable(deliveries: QuerySet[Delivery], *, before: datetime) -> QuerySet[Delivery]:
    return deliveries.filter(
        status__in=FINAL,
        finished_at__lte=before,
        webhook__status=Webhook.Status.ENABLED,
        webhook__deleted_at__isnull=True,
    ).order_by("finished_at", "pk")


def _pages(finished: QuerySet[Delivery], *, limit: int | None) -> Iterator[Collection[str]]:
    """By place, not by offset: what a batch sends again is no longer there for the next one."""
    left, place = limit, Q()
    while left is None or left > 0:
        size = BATCH if left is None else min(BATCH, left)
        page = list(finished.filter(place).values_list("finished_at", "pk")[:size])
        if not page:
            return
        yield [pk for _, pk in page]
        last_at, last = page[-1]
        place = Q(finished_at__gt=last_at) | Q(finished_at=last_at, pk__gt=last)
        left = None if left is None else left - len(page)


def _revive(chosen: QuerySet[Delivery]) -> int:
    """`chosen` is asked again under the locks: by then some may no longer be what they were."""
    rerendering.render_again(chosen.values_list("pk", flat=True))
    with transaction.atomic():
        locked = lanes.lock(sorted(set(chosen.order_by().values_list("webhook_id", flat=True))))
        now = clock.now()
        still = list(chosen.filter(payload__isnull=False).values_list("pk", flat=True))
        revived = Delivery.objects.filter(pk__in=still).update(
            status=Delivery.Status.PENDING,
            due_at=now,
            is_replay=True,
            failures=0,
            lost=0,
            dead_reason="",
            finished_at=None,
        )
        lanes.wake(locked, at=now)
        doorbell.ring_on_commit()
    return revived
