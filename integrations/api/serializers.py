"""What the webhook endpoints take and give."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from formplatform.core.api.pagination import PageOutput
from formplatform.core.clock import to_text
from integrations.outbound.targets import LONGEST_URL
from integrations.webhooks.events import DELIVERABLE_NAMES
from integrations.webhooks.health import HOLDS, STATES, health_of, lane_state
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Attempt, Delivery, Webhook
from integrations.webhooks.pace import MOST_PER_MINUTE, preset_of
from integrations.webhooks.schedule import LONGEST_DELAY_SECONDS, MOST_ATTEMPTS, PRESETS

Plain = dict[str, Any]
ID_PATTERN = "^[0-9a-f]{24}$"


class RetryDelaysField(serializers.Field):  # type: ignore[type-arg]  # generic in its stubs only
    """A preset's name or a list of seconds; the domain says what is wrong with another."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


_delays = extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "enum": list(PRESETS)},
            {
                "type": "array",
                "items": {"type": "number", "minimum": 0, "maximum": LONGEST_DELAY_SECONDS},
                "minItems": 1,
                "maxItems": MOST_ATTEMPTS,
            },
            {"type": "null"},
        ]
    }
)(RetryDelaysField)
RATE_HELP = "At most so many messages a minute. Null: no limit."
ORDER_HELP = "How strictly messages keep their order: per response (key) or all of them (endpoint)."
DELAYS_HELP = "A preset, or seconds before each attempt, the first included. Null: the platform's."


class PaceInput(serializers.Serializer[Plain]):
    """What has defaults when an endpoint is made and is left alone when it is changed."""

    ordering = serializers.ChoiceField(
        choices=Webhook.Ordering.values, required=False, help_text=ORDER_HELP
    )
    rate_per_minute = serializers.IntegerField(
        min_value=1, max_value=MOST_PER_MINUTE, allow_null=True, required=False, help_text=RATE_HELP
    )
    retry_delays = _delays(allow_null=True, required=False, help_text=DELAYS_HELP)


class WebhookInput(PaceInput):
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


class WebhookChange(PaceInput):
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
    replay = serializers.BooleanField(default=False, help_text="Send dead letters again.")


class ReplayInput(serializers.Serializer[Plain]):
    ids = serializers.ListField(
        child=serializers.RegexField(ID_PATTERN), max_length=1000, required=False
    )
    webhook_id = serializers.RegexField(ID_PATTERN, required=False)
    since = serializers.DateTimeField(required=False, help_text="Given up at or after.")
    until = serializers.DateTimeField(required=False, help_text="Given up before.")
    limit = serializers.IntegerField(min_value=1, max_value=10_000, default=1000)


class HealthOutput(serializers.Serializer[Plain]):
    state = serializers.ChoiceField(choices=STATES)
    delivered = serializers.IntegerField(help_text="Of what was enqueued in the last 24 hours.")
    dead = serializers.IntegerField(help_text="Of what was enqueued in the last 24 hours.")
    waiting = serializers.IntegerField(help_text="Everything that is on its way.")
    oldest_due_at = serializers.CharField(allow_null=True)
    last_delivered_at = serializers.CharField(allow_null=True)


class LaneOutput(serializers.Serializer[Plain]):
    holds = serializers.ListField(
        child=serializers.ChoiceField(choices=HOLDS),
        help_text="What keeps messages from going now.",
    )
    breaker = serializers.ChoiceField(choices=Lane.Breaker.values)
    breaker_until = serializers.CharField(
        allow_null=True, help_text="When an open breaker lets one message through."
    )
    paused_until = serializers.CharField(
        allow_null=True, help_text="The receiver asked for this (Retry-After)."
    )
    rate_limited_until = serializers.CharField(allow_null=True)
    failing_since = serializers.CharField(allow_null=True)
    disabled_at_latest = serializers.CharField(
        allow_null=True, help_text="Then it is disabled if every attempt goes on failing."
    )


class WebhookOutput(serializers.Serializer[Plain]):
    id = serializers.CharField()
    url = serializers.CharField()
    form_id = serializers.CharField(allow_null=True)
    events = serializers.ListField(child=serializers.CharField())
    description = serializers.CharField()
    include_personal_data = serializers.BooleanField()
    ordering = serializers.ChoiceField(choices=Webhook.Ordering.values)
    rate_per_minute = serializers.IntegerField(allow_null=True)
    retry_delays = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="Null: the platform's."
    )
    retry_preset = serializers.CharField(help_text="Empty where the delays are its own.")
    status = serializers.ChoiceField(choices=Webhook.Status.choices)
    disabled_reason = serializers.CharField(help_text="Empty while it is enabled.")
    disabled_at = serializers.CharField(allow_null=True)
    created_at = serializers.CharField()
    updated_at = serializers.CharField()
    health = HealthOutput()
    lane = LaneOutput()


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
    phases = serializers.DictField(
        child=serializers.FloatField(),
        help_text="Milliseconds: dns, connect, tls, wait, body. A warm connection lacks the first.",
    )
    request_headers = serializers.DictField(
        child=serializers.CharField(), help_text="As sent, secrets removed."
    )
    response_headers = serializers.DictField(child=serializers.CharField())
    response = serializers.CharField(help_text="The beginning of the answer, secrets removed.")


class DeliveryDetailOutput(DeliveryOutput):
    attempts = AttemptOutput(many=True)


class DeliveryPage(PageOutput):
    results = DeliveryOutput(many=True)


class ReplayOutput(serializers.Serializer[Plain]):
    replayed = serializers.IntegerField()


def webhook_body(webhook: Webhook) -> Plain:
    """The webhook comes from `with_health`."""
    counted, lane = vars(webhook), lane_state(webhook)
    return {
        "id": webhook.pk,
        "url": webhook.url,
        "form_id": webhook.form_id or None,
        "events": webhook.events,
        "description": webhook.description,
        "include_personal_data": webhook.include_personal_data,
        "ordering": webhook.ordering,
        "rate_per_minute": webhook.rate_per_minute,
        "retry_delays": webhook.retry_delays,
        "retry_preset": preset_of(webhook.retry_delays),
        "status": webhook.status,
        "disabled_reason": webhook.disabled_reason,
        "disabled_at": _time(webhook.disabled_at),
        "created_at": to_text(webhook.created_at),
        "updated_at": to_text(webhook.updated_at),
        "health": {
            "state": health_of(webhook).value,
            "delivered": counted["delivered_count"],
            "dead": counted["dead_count"],
            "waiting": counted["waiting_count"],
            "oldest_due_at": _time(counted["oldest_due_at"]),
            "last_delivered_at": _time(lane.last_success_at),
        },
        "lane": {
            "holds": [hold.value for hold in lane.holds],
            "breaker": lane.breaker,
            "breaker_until": _time(lane.breaker_until),
            "paused_until": _time(lane.paused_until),
            "rate_limited_until": _time(lane.rate_limited_until),
            "failing_since": _time(lane.failing_since),
            "disabled_at_latest": _time(lane.disabled_at_latest),
        },
    }


def delivery_body(delivery: Delivery) -> Plain:
    waits = delivery.status == Delivery.Status.PENDING
    return {
        "id": delivery.pk,
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "event_type": delivery.event.type,
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
        "phases": attempt.phases,
        "request_headers": attempt.request_headers,
        "response_headers": attempt.response_headers,
        "response": attempt.response,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)
