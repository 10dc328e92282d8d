"""What people schedule, and the ledger of every report that was made."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Cadence(models.TextChoices):
    ONCE = "once", "once"
    INTERVAL = "interval", "at an interval"
    CRON = "cron", "by cron"


class ScheduledReport(models.Model):
    """A report that is made again and again, or once, at a time in a time zone."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="scheduled_reports"
    )
    form_id = models.CharField(max_length=24, db_index=True)
    title = models.CharField(max_length=200)
    definition = models.JSONField(
        default=dict, blank=True, help_text="What goes in: chart_field, rows, columns"
    )
    cadence = models.CharField(max_length=8, choices=Cadence, default=Cadence.CRON)
    cron = models.CharField(max_length=200, blank=True, help_text="minute hour day month weekday")
    interval_seconds = models.PositiveIntegerField(null=True, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    enabled = models.BooleanField(default=True)
    next_due_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never again")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "schedule"
        ordering = ["title", "pk"]
        indexes = [
            models.Index(fields=["next_due_at"], name="reporting_due", condition=Q(enabled=True))
        ]

    def __str__(self) -> str:
        return self.title


class RunState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class ReportRun(models.Model):
    """One report: asked for, made, filed. `scheduler.runs` alone moves its state."""

    schedule = models.ForeignKey(
        ScheduledReport, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    """On whose behalf it runs: what this person may not see is not reported."""
    form_id = models.CharField(max_length=24, db_index=True)
    title = models.CharField(max_length=200, blank=True)
    definition = models.JSONField(default=dict)
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="The schedule's turn; empty: asked for by hand"
    )
    state = models.CharField(max_length=9, choices=RunState, default=RunState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(help_text="A queued run waits until then")
    lease_token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True, db_index=True)
    announced_at = models.DateTimeField(null=True, blank=True)
    file = models.CharField(max_length=200, blank=True, help_text="Below REPORT_STORAGE_PATH")
    size = models.PositiveBigIntegerField(null=True, blank=True, help_text="Bytes")
    sha256 = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "report"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "due_at"], name="reporting_one_run_a_turn")
        ]
        indexes = [models.Index(fields=["state", "not_before"], name="reporting_waiting")]

    def __str__(self) -> str:
        return f"{self.title or 'Report'} {self.pk}"
