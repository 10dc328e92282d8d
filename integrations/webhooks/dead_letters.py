"""Deliveries that were given up: why, and sending them again.

A dead letter is a state of a delivery, so it keeps its id, its bytes and its attempts, and sending
it again is the same delivery with the same `webhook-id`.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from formplatform.core import clock
from formplatform.core.errors import ConflictError

from . import doorbell, lanes, rerendering
from .models import Delivery, Webhook

FINAL = (Delivery.Status.DELIVERED, Delivery.Status.DEAD)
REPLAY_BATCH = 500


def bury(
    deliveries: QuerySet[Delivery],
    *,
    reason: Delivery.DeadReason,
    at: datetime,
    last_error: str = "",
) -> int:
    """Give deliveries up; what is finished stays as it is."""
    told = {"last_error": last_error} if last_error else {}
    return deliveries.filter(due_at__isnull=False).update(
        **told,
        status=Delivery.Status.DEAD,
        dead_reason=reason,
        due_at=None,
        finished_at=at,
    )


def find_dead_letters(
    *,
    ids: Collection[str] | None = None,
    webhook_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Delivery]:
    """Dead letters, narrowed by what is given; `since` and `until` are when they were given up."""
    found = Delivery.objects.filter(status=Delivery.Status.DEAD)
    if ids is not None:
        found = found.filter(pk__in=ids)
    if webhook_id is not None:
        found = found.filter(webhook=webhook_id)
    if since is not None:
        found = found.filter(finished_at__gte=since)
    if until is not None:
        found = found.filter(finished_at__lt=until)
    return found


def redeliver(delivery: Delivery) -> None:
    """Send a finished delivery again, from the beginning of its schedule.

    Raises:
        ConflictError: it is still on its way, or its endpoint is not enabled.
    """
    if not delivery.webhook.is_enabled:
        raise ConflictError("The endpoint is disabled: enable it first.")
    if replay(Delivery.objects.filter(pk=delivery.pk)) == 0:
        delivery.refresh_from_db()
        if delivery.payload_id is None:
            raise ConflictError(f"The message cannot be made: {delivery.last_error}")
        raise ConflictError("The delivery is still on its way.")


def replay(deliveries: QuerySet[Delivery], *, limit: int | None = None) -> int:
    """Make finished deliveries due again, the oldest first; returns how many.

    Those of endpoints that are not enabled are left as they are.
    """
    ids = list(
        deliveries.filter(
            status__in=FINAL,
            webhook__status=Webhook.Status.ENABLED,
            webhook__deleted_at__isnull=True,
        )
        .order_by("created_at", "pk")
        .values_list("pk", flat=True)[:limit]
    )
    with transaction.atomic():
        replayed = sum(
            _revive(ids[start : start + REPLAY_BATCH]) for start in range(0, len(ids), REPLAY_BATCH)
        )
        doorbell.ring_on_commit()
    return replayed


def _revive(ids: Collection[str]) -> int:
    rerendering.render_again(ids)
    chosen = Delivery.objects.filter(pk__in=ids, status__in=FINAL, payload__isnull=False)
    locked = lanes.lock(sorted(set(chosen.values_list("webhook_id", flat=True))))
    now = clock.now()
    revived = chosen.update(
        status=Delivery.Status.PENDING,
        due_at=now,
        is_replay=True,
        failures=0,
        lost=0,
        dead_reason="",
        finished_at=None,
    )
    lanes.wake(locked, at=now)
    return revived
