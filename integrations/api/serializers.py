"""What the webhook endpoints take and give."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from formplatform.core.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET, PageOutput
from formplatform.core.clock import to_text
from integrations.outbound.targets import LONGEST_URL
from integrations.webhooks.events import DELIVERABLE_NAMES, TEST_NAME
from integrations.webhooks.health import STATES, health_of
from integrations.webhooks.models import Attempt, Delivery, Webhook

Plain = dict[str, Any]
ID_PATTERN = "^[0-9a-f]{24}$"


class WebhookInput(serializers.Serializer[Plain]):
    url = serializers.CharField(
        max_length=LONGEST_URL, help_text="http or https, on the public internet."
    )
    form_id = serializers.RegexField(
        ID_PATTERN, allow_null=True, default=None, help_text="Null: every form you own."
    )
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=DELIVERABLE_NAMES),
        min_length=1,
        max_length=len(DELIVERABLE_NAMES),
    )
    description = serializers.CharField(max_length=200, allow_blank=True, default="")
    include_personal_data = serializers.BooleanField(
        default=False,
        help_text="Send answers to personal fields; else they are null.",
    )


class WebhookChange(serializers.Serializer[Plain]):
    url = serializers.CharField(max_length=LONGEST_URL, required=False)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=DELIVERABLE_NAMES),
        min_length=1,
        max_length=len(DELIVERABLE_NAMES),
        required=False,
    )
    description = serializers.CharField(max_length=200, allow_blank=True, required=False)
    include_personal_data = serializers.BooleanField(required=False)


class EnableInput(serializers.Serializer[Plain]):
    replay = serializers.BooleanField(
        default=False,
        help_text="Send what it missed: dead letters, and what happened while it was disabled.",
    )


class DeadLetterFilter(serializers.Serializer[Plain]):
    """Which dead letters: whatever is given must fit."""

    webhook_id = serializers.RegexField(ID_PATTERN, required=False)
    form_id = serializers.RegexField(ID_PATTERN, required=False)
    event_type = serializers.ChoiceField(choices=[*DELIVERABLE_NAMES, TEST_NAME], required=False)
    response_id = serializers.RegexField(ID_PATTERN, required=False)
    reason = serializers.ChoiceField(choices=Delivery.DeadReason.values, required=False)
    status_code = serializers.IntegerField(
        min_value=100, max_value=599, required=False, help_text="The receiver's last answer."
    )
    error = serializers.CharField(
        max_length=200, required=False, help_text="A part of the last error, in any case."
    )
    since = serializers.DateTimeField(required=False, help_text="Given up at or after.")
    until = serializers.DateTimeField(required=False, help_text="Given up before.")


class DeadLetterSearch(DeadLetterFilter):
    """The same as parameters of a list that also has pages."""

    limit = serializers.IntegerField(
        min_value=1, max_value=MAX_LIMIT, default=DEFAULT_LIMIT, help_text="How many at most."
    )
    offset = serializers.IntegerField(
        min_value=0, max_value=MAX_OFFSET, default=0, help_text="How many to leave out."
    )


class ReplayInput(DeadLetterFilter):
    ids = serializers.ListField(
        child=serializers.RegexField(ID_PATTERN), max_length=1000, required=False
    )
    limit = serializers.IntegerField(min_value=1, max_value=10_000, default=1000)
    dry_run = serializers.BooleanField(default=False, help_text="Count, send nothing.")

    def to_internal_value(self, data: Any) -> Plain:
        """A filter whose name is misspelt must not select everything."""
        unknown = (
            sorted(map(str, set(data) - self.fields.keys())) if isinstance(data, Mapping) else []
        )
        if unknown:
            known = ", ".join(self.fields)
            message = f"There is no such filter. Choose from {known}."
            raise serializers.ValidationError(
                {name[:100]: ErrorDetail(message, "unknown_filter") for name in unknown}
            )
        values: Plain = super().to_internal_value(data)
        return values


class HealthOutput(serializers.Serializer[Plain]):
    state = serializers.ChoiceField(choices=STATES)
    delivered = serializers.IntegerField(help_text="Of what was enqueued in the last 24 hours.")
    waiting = serializers.IntegerField()
    dead = serializers.IntegerField()
    last_delivered_at = serializers.CharField(allow_null=True)


class WebhookOutput(serializers.Serializer[Plain]):
    id = serializers.CharField()
    url = serializers.CharField()
    form_id = serializers.CharField(allow_null=True)
    events = serializers.ListField(child=serializers.CharField())
    description = serializers.CharField()
    include_personal_data = serializers.BooleanField()
    status = serializers.ChoiceField(choices=Webhook.Status.choices)
    disabled_reason = serializers.CharField(help_text="Empty while it is enabled.")
    disabled_at = serializers.CharField(allow_null=True)
    created_at = serializers.CharField()
    updated_at = serializers.CharField()
    health = HealthOutput()


class NewWebhookOutput(WebhookOutput):
    secret = serializers.CharField(
        allow_null=True, help_text="Shown this once; null where an Idempotency-Key was repeated."
    )


class WebhookPage(PageOutput):
    results = WebhookOutput(many=True)


class SecretOutput(serializers.Serializer[Plain]):
    secret = serializers.CharField(help_text="Shown this once.")
    previous_expires_at = serializers.CharField(
        help_text="Until then messages carry signatures of both secrets."
    )


class DeliveryOutput(serializers.Serializer[Plain]):
    id = serializers.CharField()
    webhook_id = serializers.CharField()
    event_id = serializers.CharField(help_text="The webhook-id header.")
    event_type = serializers.CharField()
    seq = serializers.IntegerField(help_text="The X-Webhook-Sequence header.")
    is_replay = serializers.BooleanField(help_text="Sent again or late: new messages go first.")
    status = serializers.ChoiceField(choices=Delivery.Status.choices)
    attempt_count = serializers.IntegerField()
    next_attempt_at = serializers.CharField(allow_null=True)
    dead_reason = serializers.CharField(help_text="Empty unless it is a dead letter.")
    last_error = serializers.CharField()
    created_at = serializers.CharField()
    finished_at = serializers.CharField(allow_null=True)


class AttemptOutput(serializers.Serializer[Plain]):
    number = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=Attempt.Outcome.choices)
    started_at = serializers.CharField()
    finished_at = serializers.CharField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)
    status_code = serializers.IntegerField(allow_null=True)
    error_code = serializers.CharField()
    error = serializers.CharField()
    peer = serializers.CharField(help_text="The address that was connected to.")
    response = serializers.CharField(help_text="The beginning of the answer, secrets removed.")


class DeliveryDetailOutput(DeliveryOutput):
    body = serializers.CharField(
        allow_null=True, help_text="As it is sent; null where none could be made."
    )
    attempts = AttemptOutput(many=True)


class DeliveryPage(PageOutput):
    results = DeliveryOutput(many=True)


class ReplayOutput(serializers.Serializer[Plain]):
    matching = serializers.IntegerField(help_text="Dead letters that fitted, before this call.")
    replayed = serializers.IntegerField(help_text="How many of them are sent again.")


class EnableOutput(serializers.Serializer[Plain]):
    replayed = serializers.IntegerField(help_text="Messages it missed that are sent now.")
    remaining = serializers.IntegerField(
        help_text="Messages it missed that follow: they are sent a minute later at the latest."
    )


def webhook_body(webhook: Webhook) -> Plain:
    """The webhook comes from `with_health`."""
    counted = vars(webhook)
    return {
        "id": webhook.pk,
        "url": webhook.url,
        "form_id": webhook.form_id or None,
        "events": webhook.events,
        "description": webhook.description,
        "include_personal_data": webhook.include_personal_data,
        "status": webhook.status,
        "disabled_reason": webhook.disabled_reason,
        "disabled_at": None if webhook.is_enabled else _time(webhook.disabled_at),
        "created_at": to_text(webhook.created_at),
        "updated_at": to_text(webhook.updated_at),
        "health": {
            "state": health_of(webhook).value,
            "delivered": counted["delivered_count"],
            "waiting": counted["waiting_count"],
            "dead": counted["dead_count"],
            "last_delivered_at": _time(counted["last_delivered_at"]),
        },
    }


def delivery_body(delivery: Delivery) -> Plain:
    waits = delivery.status == Delivery.Status.PENDING
    return {
        "id": delivery.pk,
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "event_type": delivery.event.type,
        "seq": delivery.seq,
        "is_replay": delivery.is_replay,
        "status": delivery.status,
        "attempt_count": delivery.attempt_no,
        "next_attempt_at": _time(delivery.due_at) if waits else None,
        "dead_reason": delivery.dead_reason,
        "last_error": delivery.last_error,
        "created_at": to_text(delivery.created_at),
        "finished_at": _time(delivery.finished_at),
    }


def attempt_body(attempt: Attempt) -> Plain:
    return {
        "number": attempt.number,
        "outcome": attempt.outcome,
        "started_at": to_text(attempt.started_at),
        "finished_at": _time(attempt.finished_at),
        "duration_ms": attempt.duration_ms,
        "status_code": attempt.status_code,
        "error_code": attempt.error_code,
        "error": attempt.error,
        "peer": attempt.peer,
        "response": attempt.response,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)
