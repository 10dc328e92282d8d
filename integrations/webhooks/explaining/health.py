"""How an endpoint is doing: what its lane says now, and counts of its last day.

Counts read an index and nothing else, so a page of endpoints is quick however much was sent.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Count, IntegerField, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from formplatform.core import clock
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Delivery, Webhook
from integrations.webhooks.queue import rate
from integrations.webhooks.tending.failing import disable_after

WINDOW = timedelta(hours=24)


class Health(StrEnum):
    HEALTHY = "healthy"
    FAILING = "failing"
    DOWN = "down"
    QUIET = "quiet"
    DISABLED = "disabled"


class Hold(StrEnum):
    """What keeps messages from going although they are due."""

    BREAKER = "breaker_open"
    PAUSE = "paused"
    RATE = "rate_limited"


STATES = [each.value for each in Health]
HOLDS = [each.value for each in Hold]


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneState:
    """What a person wants to know of a lane; times are None where they do not apply."""

    breaker: str
    breaker_until: datetime | None
    paused_until: datetime | None
    rate_limited_until: datetime | None
    holds: tuple[Hold, ...]
    failing_since: datetime | None
    disabled_at_latest: datetime | None
    """When it is disabled if every attempt goes on failing."""
    last_success_at: datetime | None


def with_health(webhooks: QuerySet[Webhook]) -> QuerySet[Webhook]:
    """Endpoints with their lanes, the counts of their last day and what waits."""
    mine = Delivery.objects.filter(webhook=OuterRef("pk")).order_by().values("webhook")
    recent = mine.filter(created_at__gte=clock.now() - WINDOW)
    waiting = mine.filter(due_at__isnull=False)

    def count(found: QuerySet[Delivery, Any]) -> Coalesce:
        counted = found.annotate(number=Count("pk")).values("number")
        return Coalesce(Subquery(counted, output_field=IntegerField()), 0)

    return webhooks.select_related("lane").annotate(
        delivered_count=count(recent.filter(status=Delivery.Status.DELIVERED)),
        dead_count=count(recent.filter(status=Delivery.Status.DEAD)),
        waiting_count=count(waiting),
        oldest_due_at=Subquery(waiting.annotate(oldest=Min("due_at")).values("oldest")),
    )


def health_of(webhook: Webhook) -> Health:
    """What the counts of `with_health` and the lane say."""
    counted = vars(webhook)
    if not webhook.is_enabled:
        return Health.DISABLED
    lane = find_lane(webhook)
    if lane is not None and lane.failing_since is not None:
        closed = lane.breaker == Lane.Breaker.CLOSED
        return Health.FAILING if closed and counted["delivered_count"] else Health.DOWN
    if counted["dead_count"]:
        return Health.FAILING
    return Health.HEALTHY if counted["delivered_count"] else Health.QUIET


def find_lane(webhook: Webhook) -> Lane | None:
    """None for an endpoint that nothing was ever sent to."""
    lane: Lane | None = getattr(webhook, "lane", None)
    return lane


def lane_state(webhook: Webhook) -> LaneState:
    """How the endpoint's lane stands now."""
    now, lane = clock.now(), find_lane(webhook) or Lane(webhook=webhook)
    open_until = lane.breaker_until if lane.breaker == Lane.Breaker.OPEN else None
    token_at = rate.next_token_at(lane, per_minute=webhook.rate_per_minute)
    left = disable_after(lane) if webhook.is_enabled else None
    moments = {
        Hold.BREAKER: open_until,
        Hold.PAUSE: lane.paused_until,
        Hold.RATE: token_at,
    }
    ahead = {hold: at for hold, at in moments.items() if at is not None and at > now}
    return LaneState(
        breaker=lane.breaker,
        breaker_until=open_until,
        paused_until=ahead.get(Hold.PAUSE),
        rate_limited_until=ahead.get(Hold.RATE),
        holds=tuple(ahead),
        failing_since=lane.failing_since,
        disabled_at_latest=None if left is None else now + left,
        last_success_at=lane.last_success_at,
    )
