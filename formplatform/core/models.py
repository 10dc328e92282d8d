"""What the core keeps in SQL."""

from django.conf import settings
from django.db import models


class ApiKey(models.Model):
    """A key somebody may act with. The secret itself is never stored, only its digest."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys"
    )
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    previous_digest = models.CharField(max_length=64, blank=True, editable=False)
    previous_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    """Until when the secret before the newest one is good too."""
    scopes = models.JSONField(default=list, help_text="What the key may do.")
    form_ids = models.JSONField(
        null=True, blank=True, help_text="Only these forms; empty means every form of the user."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} (fp_{self.prefix}_…)"


class IdempotentRequest(models.Model):
    """The answer to a creating POST, kept so that its repetition creates nothing."""

    actor = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    path = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    """None where the key only stands for one body, and what it makes is remembered elsewhere."""
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor", "key", "path"], name="idempotent_request_once")
        ]

    def __str__(self) -> str:
        return f"{self.path} {self.key}"
