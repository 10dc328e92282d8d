"""What people decide about plugins, and what became of the calls."""

from django.db import models


class Plugin(models.Model):
    """A plugin this installation has seen. Everything else about it is in its manifest."""

    name = models.CharField(max_length=50, unique=True, editable=False)
    enabled = models.BooleanField(default=False, editable=False)
    settings = models.JSONField(default=dict, blank=True, help_text="As its manifest's schema says")
    calls = models.PositiveBigIntegerField(default=0, editable=False)
    """Responses it was told of, each counted once."""
    last_called_at = models.DateTimeField(null=True, blank=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    """In a row; a success sets it to zero."""
    last_error = models.TextField(blank=True, editable=False)
    last_error_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PluginCall(models.Model):
    """A plugin was told of an event: it is not told again, however often the event comes."""

    plugin = models.ForeignKey(Plugin, on_delete=models.CASCADE, related_name="told")
    event_id = models.CharField(max_length=64)
    called_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plugin", "event_id"], name="plugins_told_once")
        ]

    def __str__(self) -> str:
        return f"{self.plugin_id} {self.event_id}"
