"""How an endpoint is doing: its last day, counted from its deliveries."""

from datetime import timedelta
from enum import StrEnum

from django.db.models import Count, IntegerField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from formplatform.core import clock

from .models import Delivery, Webhook

WINDOW = timedelta(hours=24)


class Health(StrEnum):
    HEALTHY = "healthy"
    FAILING = "failing"
    DOWN = "down"
    QUIET = "quiet"
    DISABLED = "disabled"


STATES = [each.value for each in Health]


def with_health(webhooks: QuerySet[Webhook]) -> QuerySet[Webhook]:
    """Endpoints with the counts of their last day and the time of their last success."""
    recent = (
        Delivery.objects.filter(webhook=OuterRef("pk"), created_at__gte=clock.now() - WINDOW)
        .order_by()
        .values("webhook")
    )

    def count(condition: Q) -> Coalesce:
        counted = recent.annotate(number=Count("pk", filter=condition)).values("number")
        return Coalesce(Subquery(counted, output_field=IntegerField()), 0)

    return webhooks.annotate(
        delivered_count=count(Q(status=Delivery.Status.DELIVERED)),
        waiting_count=count(Q(due_at__isnull=False)),
        failing_count=count(Q(due_at__isnull=False, failures__gt=0)),
        dead_count=count(Q(status=Delivery.Status.DEAD)),
        last_delivered_at=Subquery(
            recent.annotate(
                latest=Max("finished_at", filter=Q(status=Delivery.Status.DELIVERED))
            ).values("latest")
        ),
    )


def health_of(webhook: Webhook) -> Health:
    """What the counts of `with_health` say."""
    counted = vars(webhook)
    if not webhook.is_enabled:
        return Health.DISABLED
    if counted["failing_count"] or counted["dead_count"]:
        return Health.FAILING if counted["delivered_count"] else Health.DOWN
    return Health.HEALTHY if counted["delivered_count"] else Health.QUIET
