"""What an endpoint's people are to be told by mail."""

from django.db import models
from django.db.models import Q

from formplatform.core import clock

from .models import Webhook


class Notice(models.Model):
    """One mail about one endpoint: written down with what it tells of, sent when mail works."""

    class Kind(models.TextChoices):
        DEAD_LETTERS = "dead_letters", "messages were given up"
        WILL_BE_DISABLED = "will_be_disabled", "it will be disabled"
        DISABLED = "disabled", "it was disabled"
        RECOVERED = "recovered", "it works again"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=20, choices=Kind)
    created_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True, default=clock.now)
    """When it is to be sent; None once it is done with."""
    tries = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    """None, although it is done with: there was nobody to tell, or it was no longer true."""

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="notice_due"),
        ]

    def __str__(self) -> str:
        return f"{self.webhook_id}: {self.get_kind_display()}"
