"""The state of the queue for Prometheus: six questions, each answered by an index or few rows.

Attempts are counted in the lanes by whoever writes their outcome down, so the totals are right
however many processes deliver.
"""

from collections.abc import Iterator

from django.db.models import Count, Min, Q, Sum
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from formplatform.core import clock
from formplatform.core.metrics import register_state

from .lane_models import Lane
from .models import Delivery, Webhook

LIVE = Q(webhook__status=Webhook.Status.ENABLED, webhook__deleted_at__isnull=True)


def read_state() -> Iterator[Metric]:
    """Raises DatabaseError."""
    yield from _messages()
    yield from _lanes()
    yield from _totals()


def _messages() -> Iterator[Metric]:
    waiting = Delivery.objects.filter(due_at__isnull=False).count()
    dead = Delivery.objects.filter(status=Delivery.Status.DEAD).count()
    messages = GaugeMetricFamily(
        "formplatform_webhook_messages", "Messages by what they wait for.", labels=["state"]
    )
    messages.add_metric(["waiting"], waiting)
    messages.add_metric(["dead"], dead)
    yield messages
    yield GaugeMetricFamily(
        "formplatform_webhook_oldest_due_seconds",
        "How long the longest due message waits that nothing but us holds up.",
        value=_oldest_due_seconds(),
    )


def _oldest_due_seconds() -> float:
    """By the lanes: when a lane is due takes its breaker, pause, rate and order into account."""
    now = clock.now()
    due_at = Lane.objects.filter(LIVE, lease__isnull=True).aggregate(due=Min("due_at"))["due"]
    return max((now - due_at).total_seconds(), 0) if due_at is not None else 0


def _lanes() -> Iterator[Metric]:
    now = clock.now()
    found = Lane.objects.filter(LIVE).order_by().values("breaker").annotate(number=Count("pk"))
    numbers = {row["breaker"]: row["number"] for row in found}
    lanes = GaugeMetricFamily(
        "formplatform_webhook_lanes", "Enabled endpoints by breaker.", labels=["breaker"]
    )
    for breaker in Lane.Breaker.values:
        lanes.add_metric([breaker], numbers.get(breaker, 0))
    yield lanes
    held = Lane.objects.aggregate(
        paused=Count("pk", filter=LIVE & Q(paused_until__gt=now)),
        leased=Count("pk", filter=Q(lease__isnull=False, lease_until__gt=now)),
    )
    yield GaugeMetricFamily(
        "formplatform_webhook_lanes_paused",
        "Enabled endpoints that asked to be left alone.",
        value=held["paused"],
    )
    yield GaugeMetricFamily(
        "formplatform_webhook_lanes_leased",
        "Endpoints that a courier is sending to.",
        value=held["leased"],
    )


def _totals() -> Iterator[Metric]:
    sums = Lane.objects.aggregate(
        delivered=Sum("delivered_total"), failed=Sum("failed_total"), dead=Sum("dead_total")
    )
    attempts = CounterMetricFamily(
        "formplatform_webhook_attempts", "Attempts by outcome.", labels=["outcome"]
    )
    attempts.add_metric(["delivered"], sums["delivered"] or 0)
    attempts.add_metric(["failed"], sums["failed"] or 0)
    yield attempts
    yield CounterMetricFamily(
        "formplatform_webhook_dead_letters", "Messages given up.", value=sums["dead"] or 0
    )


register_state("webhooks", read_state)
