"""The row of an endpoint in the queue: locking it, waking it, writing down when it is next due.

Whoever makes or revives deliveries locks their lanes first, and locks several in one order.
"""

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, Min, OuterRef, Q

from formplatform.core import clock
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Delivery, Webhook

from . import breaker, ordering, rate

LEASE_SLACK_SECONDS = 20
NOBODY = uuid.UUID(int=0)
_SETTLED = (
    *("due_at", "lease", "lease_until", "window", "tokens", "tokens_at", "paused_until"),
    *("breaker", "breaker_until", "breaker_trips", "failures_in_row", "failing_since"),
    *("last_failure_at", "warned_percent", "warned_at", "alerted_at", "last_success_at"),
    *("delivered_total", "failed_total", "dead_total"),
)


def settle(
    lane: Lane, *, courier: uuid.UUID, in_flight: int, now: datetime, due_known: bool = False
) -> None:
    """Say when somebody must look at a lane next, and whose it is until then; `save` writes it.

    Args:
        lane: locked by the caller.
        courier: who has calls in flight, if any are.
        in_flight: how many.
        now: the lease counts from here.
        due_known: what `due_at` says still holds, so the queue need not be asked.
    """
    held = in_flight > 0
    lane.lease = courier if held else None
    lane.lease_until = now + timedelta(seconds=_lease_seconds()) if held else None
    if held and calls_allowed(lane, in_flight=in_flight, now=now) == 0:
        lane.due_at = None  # whoever writes the next result down looks again
    elif not (due_known and lane.due_at is not None):
        lane.due_at = _due_at(lane)


def calls_allowed(lane: Lane, *, in_flight: int, now: datetime) -> int:
    """How many more calls may begin: strictly in order only one goes at a time."""
    allowed = breaker.calls_allowed(lane, in_flight=in_flight, now=now)
    if lane.webhook.ordering == Webhook.Ordering.ENDPOINT:
        return min(allowed, 1 - min(in_flight, 1))
    return allowed


def save(lanes: Collection[Lane]) -> None:
    """Write settled lanes down: all but their numbers, which only those who enqueue move on."""
    Lane.objects.bulk_create(
        lanes, update_conflicts=True, unique_fields=["webhook"], update_fields=_SETTLED
    )


def wake(webhook_ids: Iterable[str], *, at: datetime) -> None:
    """Have lanes looked at no later than this."""
    Lane.objects.filter(Q(due_at__isnull=True) | Q(due_at__gt=at), pk__in=webhook_ids).update(
        due_at=at
    )


def lock(webhook_ids: Collection[str]) -> dict[str, Lane]:
    """The lanes of endpoints, locked in an order that cannot deadlock, made where missing."""
    lanes = _lock_all(webhook_ids)
    missing = Webhook.objects.filter(pk__in=set(webhook_ids) - lanes.keys())
    if missing:
        Lane.objects.bulk_create(
            (Lane(webhook=webhook, owner_id=webhook.owner_id) for webhook in missing),
            ignore_conflicts=True,
        )
        lanes = _lock_all(webhook_ids)
    return lanes


def next_due_at() -> datetime | None:
    """When a lane must next be looked at; None where nothing waits."""
    found: dict[str, datetime | None] = Lane.objects.aggregate(
        due=Min("due_at", filter=Q(due_at__isnull=False)), lease=Min("lease_until")
    )
    return min((moment for moment in found.values() if moment is not None), default=None)


def sweep() -> int:
    """Wake every lane that has unfinished messages and would not be looked at; returns how many.

    There is none unless something wrote deliveries without their lane: the sweeper is what makes
    that harmless.
    """
    now = clock.now()
    unfinished = Delivery.objects.filter(webhook=OuterRef("pk"), due_at__isnull=False)
    flying = unfinished.filter(status=Delivery.Status.SENDING)
    idle = Lane.objects.filter(lease__isnull=True)
    lost = idle.filter(Exists(flying)).update(lease=NOBODY, lease_until=now)
    overdue = unfinished.filter(due_at__lte=now, status=Delivery.Status.PENDING)
    asleep = idle.filter(Q(due_at__isnull=True) | Q(due_at__gt=now), Exists(overdue)).exclude(
        breaker=Lane.Breaker.OPEN
    )
    return lost + asleep.filter(Q(paused_until__isnull=True) | Q(paused_until__lte=now)).update(
        due_at=now
    )


def _lock_all(webhook_ids: Collection[str]) -> dict[str, Lane]:
    found = Lane.objects.filter(pk__in=webhook_ids).select_related("webhook")
    return {lane.pk: lane for lane in found.select_for_update(of=("self",)).order_by("pk")}


def _due_at(lane: Lane) -> datetime | None:
    webhook = lane.webhook
    due_at = ordering.next_due(webhook)
    if due_at is None:
        return None
    holds = [
        lane.paused_until,
        lane.breaker_until if lane.breaker == Lane.Breaker.OPEN else None,
        rate.next_token_at(lane, per_minute=webhook.rate_per_minute),
    ]
    return max([due_at, *(moment for moment in holds if moment is not None)])


def _lease_seconds() -> float:
    """A run ends after at most two time limits: it begins no call after the first."""
    return 2.0 * settings.WEBHOOK_TIMEOUT + LEASE_SLACK_SECONDS
