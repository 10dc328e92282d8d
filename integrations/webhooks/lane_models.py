"""The queue: one row per endpoint."""

from django.db import models
from django.db.models import Q

from formplatform.core import clock

from .models import Webhook


class Lane(models.Model):
    """An endpoint's place in the queue, taken by one courier at a time.

    Everything that decides whether the next message may go is in this row, so taking it decides
    all of it at once: when something is due, who sends, how fast, and whether the receiver is well.
    """

    class Breaker(models.TextChoices):
        CLOSED = "closed"
        OPEN = "open"
        HALF_OPEN = "half_open", "half open"

    webhook = models.OneToOneField(
        Webhook, primary_key=True, on_delete=models.CASCADE, related_name="lane"
    )
    owner_id = models.PositiveIntegerField(db_index=True)
    """Whose it is: owners get equal shares of the couriers."""
    due_at = models.DateTimeField(null=True)
    """When its next message is due; None while none waits that could be taken up."""
    lease = models.UUIDField(null=True)
    """The courier that has it."""
    lease_until = models.DateTimeField(null=True)
    next_seq = models.PositiveBigIntegerField(default=1)
    """The number of the next delivery that is made."""

    window = models.PositiveSmallIntegerField(default=2)
    """Calls that may be in flight at once: grows with successes, shrinks with failures."""
    tokens = models.FloatField(default=1)
    """Messages that may go now under the endpoint's rate, as of `tokens_at`."""
    tokens_at = models.DateTimeField(default=clock.now)
    paused_until = models.DateTimeField(null=True)
    """Until when the receiver asked to be left alone (429 or 503 with Retry-After)."""

    breaker = models.CharField(max_length=10, choices=Breaker, default=Breaker.CLOSED)
    breaker_until = models.DateTimeField(null=True)
    """When an open breaker lets one message through to see."""
    breaker_trips = models.PositiveIntegerField(default=0)
    """How often it opened since the last success."""
    failures_in_row = models.PositiveIntegerField(default=0)
    """Attempts the receiver as a whole failed since its last success."""
    failing_since = models.DateTimeField(null=True)
    """When the first attempt failed after the last success."""
    last_failure_at = models.DateTimeField(null=True)
    """When an attempt last failed since then: an endpoint without traffic is not failing on."""
    warned_percent = models.PositiveSmallIntegerField(default=0)
    """How much of the time to being disabled the last warning told of."""
    warned_at = models.DateTimeField(null=True)
    alerted_at = models.DateTimeField(null=True)
    """When its people were told of dead letters; None again after a success."""

    last_success_at = models.DateTimeField(null=True)
    delivered_total = models.PositiveBigIntegerField(default=0)
    failed_total = models.PositiveBigIntegerField(default=0)
    dead_total = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="lane_due"),
            models.Index(
                fields=["lease_until"],
                condition=Q(lease_until__isnull=False),
                name="lane_leased",
            ),
            models.Index(
                fields=["failing_since"],
                condition=Q(failing_since__isnull=False),
                name="lane_failing",
            ),
        ]

    def __str__(self) -> str:
        return f"lane of {self.webhook_id}"
