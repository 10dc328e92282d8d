"""What people edit and replay: endpoints, what is to be delivered to them, and every attempt.

Event (what happened) → Payload (the bytes, rendered once) → Delivery (to one endpoint) → Attempt;
or Event → Omission, where an endpoint in reach did not get it. `lane_models.Lane` is an endpoint's
place in the queue.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from formplatform.core import clock
from formplatform.forms.ids import new_id
from integrations import encryption
from integrations.outbound.targets import LONGEST_URL

from . import keys
from .shaping.escaping import DEFAULT_TYPE
from .shaping.presets.registry import PLAIN

ID_LENGTH = 24
LONGEST_EVENT_ID = 100
LONGEST_CODE = 40
LONGEST_TYPE = 100


class Webhook(models.Model):
    """An endpoint: where to send, what, and whose."""

    class Status(models.TextChoices):
        ENABLED = "enabled"
        DISABLED = "disabled"

    class DisabledReason(models.TextChoices):
        BY_OWNER = "by_owner", "switched off by a person"
        GONE = "gone", "the receiver answered 410 Gone"
        FAILING = "failing", "every attempt failed for days"

    class Ordering(models.TextChoices):
        NONE = "none", "as they come, several at a time"
        KEY = "key", "in order per response"
        ENDPOINT = "endpoint", "strictly in order, one at a time"

    id = models.CharField(primary_key=True, max_length=ID_LENGTH, default=new_id, editable=False)
    url = models.CharField(max_length=LONGEST_URL)
    description = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks"
    )
    form_id = models.CharField(
        max_length=ID_LENGTH, blank=True, help_text="Empty: every form of the owner."
    )
    events = models.JSONField(default=list)
    include_personal_data = models.BooleanField(
        default=False,
        help_text="Whether answers to fields marked as personal data are sent; else they are null.",
    )
    asymmetric = models.BooleanField(
        default=False,
        help_text="Also sign with an ed25519 key, which receivers check without a secret.",
    )
    ordering = models.CharField(max_length=10, choices=Ordering, default=Ordering.NONE)
    rate_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="At most so many messages a minute. Empty: no limit."
    )
    retry_delays = models.JSONField(
        null=True,
        blank=True,
        help_text="Seconds before each attempt, the first included. Empty: the platform's.",
    )
    filter = models.JSONField(
        null=True, blank=True, help_text="Conditions on the answers. Empty: every response."
    )
    selection = models.TextField(
        blank=True, help_text="A JMESPath expression: what of the message is sent. Empty: all."
    )
    template = models.TextField(blank=True, help_text="Writes the body instead of a preset.")
    preset = models.CharField(max_length=LONGEST_CODE, default=PLAIN)
    content_type = models.CharField(max_length=LONGEST_TYPE, default=DEFAULT_TYPE)
    sealed_headers = models.TextField(blank=True, editable=False)
    """Headers a person added, encrypted: their values may be secrets."""
    header_names = models.JSONField(default=list, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.ENABLED)
    disabled_reason = models.CharField(max_length=20, choices=DisabledReason, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    """Of an enabled endpoint: since when it missed what is still being sent; see `missed`."""
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["form_id"], name="webhook_of_form"),
            models.Index(fields=["owner", "form_id"], name="webhook_of_owner"),
        ]

    def __str__(self) -> str:
        return self.description or self.url.partition("?")[0]

    @property
    def is_enabled(self) -> bool:
        return self.status == self.Status.ENABLED and self.deleted_at is None

    def secrets_in_use(self, at: datetime) -> tuple[str, ...]:
        """The keys to sign with: secrets, then ed25519 keys, each kind with the newest first.

        Raises `UnsealError`, also where there is no secret.
        """
        usable = [key for key in self.secrets.all() if key.is_usable(at)]
        shared = [key for key in usable if key.kind == SigningSecret.Kind.HMAC]
        if not shared:
            raise encryption.UnsealError("The endpoint has no signing secret.")
        others = [key for key in usable if key.kind != SigningSecret.Kind.HMAC]
        return tuple(key.reveal() for key in (*shared, *others))

    def headers(self) -> dict[str, str]:
        """The headers a person added. Raises `UnsealError`."""
        if not self.sealed_headers:
            return {}
        found: dict[str, str] = json.loads(
            encryption.unseal(self.sealed_headers, context=headers_context(self.pk))
        )
        return found

    def set_headers(self, headers: Mapping[str, str]) -> None:
        """Seal them under this row's id; the row is not saved."""
        text = json.dumps(dict(headers))
        self.header_names = sorted(headers)
        sealed = encryption.seal(text, context=headers_context(self.pk))
        self.sealed_headers = sealed if headers else ""


def headers_context(webhook_id: str) -> str:
    """What an endpoint's headers are sealed with."""
    return f"{webhook_id} headers"


class SigningSecret(models.Model):
    """A secret or private key of an endpoint, encrypted. While one is rotated there are several."""

    class Kind(models.TextChoices):
        HMAC = "hmac", "shared secret (v1)"
        ED25519 = "ed25519", "ed25519 key (v1a)"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="secrets")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.HMAC, editable=False)
    sealed = models.TextField(editable=False)
    public_key = models.CharField(max_length=60, blank=True, editable=False)
    """The half of an ed25519 key that anybody may know."""
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        prefix = keys.SECRET_PREFIX if self.kind == self.Kind.HMAC else keys.PRIVATE_PREFIX
        return f"{prefix}… of {self.webhook_id}"

    def is_usable(self, at: datetime) -> bool:
        return self.expires_at is None or self.expires_at > at

    def reveal(self) -> str:
        """The secret itself. Raises `UnsealError` where its key is gone."""
        return encryption.unseal(self.sealed, context=self.webhook_id)


class Event(models.Model):
    """Something that happened, as receivers know it: the id is the `webhook-id` header."""

    id = models.CharField(primary_key=True, max_length=LONGEST_EVENT_ID)
    type = models.CharField(max_length=LONGEST_CODE)
    form_id = models.CharField(max_length=ID_LENGTH, blank=True)
    response_id = models.CharField(max_length=ID_LENGTH, blank=True, db_index=True)
    occurred_at = models.DateTimeField()
    data = models.JSONField(default=dict)
    """The domain event as it was published: ids, never answers."""
    created_at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["form_id", "occurred_at"], name="event_of_form")]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class Payload(models.Model):
    """The exact bytes of an event in one rendering: made once, signed anew by each attempt."""

    id = models.CharField(primary_key=True, max_length=LONGEST_EVENT_ID + LONGEST_CODE)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="payloads")
    body = models.BinaryField()
    content_type = models.CharField(max_length=LONGEST_TYPE, default=DEFAULT_TYPE)

    def __str__(self) -> str:
        return self.id


class Delivery(models.Model):
    """One event on its way to one endpoint. A dead letter is a delivery that was given up."""

    class Status(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"
        DELIVERED = "delivered"
        DEAD = "dead", "dead letter"
        CANCELLED = "cancelled"

    class DeadReason(models.TextChoices):
        EXHAUSTED = "exhausted", "every attempt failed"
        REFUSED = "refused", "the address is not one we send to"
        GONE = "gone", "the receiver answered 410 Gone"
        DISABLED = "disabled", "the endpoint was disabled"
        LOST = "lost", "workers died during too many attempts"
        SECRET = "secret", "the signing secret cannot be read"
        TEMPLATE = "template", "the template is broken"
        TOO_LARGE = "too_large", "the message is too large"

    id = models.CharField(primary_key=True, max_length=ID_LENGTH, default=new_id, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    payload = models.ForeignKey(
        Payload, on_delete=models.CASCADE, related_name="deliveries", null=True, blank=True
    )
    """None where it could not be rendered: such a delivery is a dead letter."""
    seq = models.PositiveBigIntegerField(editable=False)
    """Its number among its endpoint's deliveries: 1, 2, 3 and so on without a gap."""
    key = models.CharField(max_length=ID_LENGTH, blank=True, editable=False)
    """What it is in order with, where the endpoint wants order per response."""
    is_replay = models.BooleanField(default=False)
    """Sent again by a person: new messages go first."""
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    due_at = models.DateTimeField(null=True, default=clock.now)
    """When its attempt is, or was, due; None once it is finished."""
    attempt_no = models.PositiveIntegerField(default=0)
    """Attempts ever opened."""
    failures = models.PositiveIntegerField(default=0)
    """Failed attempts since the delivery was made or replayed: the step of the schedule."""
    lost = models.PositiveIntegerField(default=0)
    """Attempts since then whose worker died: they are repeated and eat no step."""
    dead_reason = models.CharField(max_length=20, choices=DeadReason, blank=True)
    last_error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["webhook", "event"], name="one_delivery_per_event"),
            models.UniqueConstraint(fields=["webhook", "seq"], name="one_delivery_per_number"),
        ]
        indexes = [
            models.Index(
                fields=["webhook", "status", "is_replay", "due_at", "seq"],
                condition=Q(due_at__isnull=False),
                name="delivery_waiting",
            ),
            models.Index(
                fields=["webhook", "status", "is_replay", "seq"],
                condition=Q(due_at__isnull=False),
                name="delivery_in_line",
            ),
            models.Index(
                fields=["webhook", "key", "seq"],
                condition=Q(due_at__isnull=False),
                name="delivery_waiting_by_key",
            ),
            models.Index(fields=["webhook"], condition=Q(status="sending"), name="delivery_flying"),
            models.Index(fields=["webhook", "-created_at", "status"], name="delivery_of_webhook"),
            models.Index(fields=["status", "-finished_at"], name="delivery_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.webhook_id}"


class Attempt(models.Model):
    """One call. The row is written before it, so a worker that dies leaves the fact behind."""

    class Outcome(models.TextChoices):
        SENDING = "sending"
        DELIVERED = "delivered"
        FAILED = "failed"
        UNKNOWN = "unknown", "unknown outcome"

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.SENDING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    status_code = models.PositiveSmallIntegerField(null=True)
    error_code = models.CharField(max_length=LONGEST_CODE, blank=True)
    error = models.CharField(max_length=200, blank=True)
    peer = models.CharField(max_length=45, blank=True)
    phases = models.JSONField(default=dict)
    """Milliseconds by phase: dns, connect, tls, wait, body. A warm connection lacks the first."""
    request_headers = models.JSONField(default=dict)
    response_headers = models.JSONField(default=dict)
    response = models.TextField(blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="one_attempt_per_number")
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.delivery_id}"


class Omission(models.Model):
    """An event in an endpoint's reach that it did not get, and why."""

    class Reason(models.TextChoices):
        TYPE = "type", "the endpoint does not listen to this event"
        FILTER = "filter", "the filter did not match"
        DISABLED = "disabled", "the endpoint was disabled"
        FORBIDDEN = "forbidden", "the endpoint's owner may not see the form any more"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="omissions")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="omissions")
    reason = models.CharField(max_length=20, choices=Reason)
    trace = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["webhook", "event"], name="one_omission_per_event")
        ]
        indexes = [models.Index(fields=["webhook", "-created_at"], name="omission_of_webhook")]

    def __str__(self) -> str:
        return f"{self.event_id} not for {self.webhook_id}: {self.reason}"


class DeadLetter(Delivery):
    """The dead letters among the deliveries, for the admin."""

    class Meta:
        proxy = True
        ordering = ["-finished_at"]
