"""What the webhook endpoints take and give."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from formplatform.core.api.pagination import PageOutput
from formplatform.core.clock import now, to_text
from integrations.outbound.headers import LONGEST_VALUE
from integrations.outbound.targets import LONGEST_URL
from integrations.webhooks.events import DELIVERABLE_NAMES
from integrations.webhooks.explaining.health import STATES, health_of, lane_state
from integrations.webhooks.keys import SECRET_PATTERN, jwk_of
from integrations.webhooks.models import LONGEST_TYPE, Attempt, Delivery, SigningSecret, Webhook
from integrations.webhooks.rotation import GRACE, LONGEST_GRACE
from integrations.webhooks.shaping import sandbox, selections
from integrations.webhooks.shaping.presets.registry import presets

from .pace import PaceInput, PaceOutput, pace_body

Plain = dict[str, Any]
ID_PATTERN = "^[0-9a-f]{24}$"


class _Long(serializers.CharField):
    """Text in which spaces and line ends mean something."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_blank=True, trim_whitespace=False, **options)


def events_field(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.ChoiceField(choices=DELIVERABLE_NAMES),
        min_length=1,
        max_length=len(DELIVERABLE_NAMES),
        **options,
    )


class ShapeInput(serializers.Serializer[Plain]):
    """Which responses, and how the message is written. What is left out stays as it is."""

    filter = serializers.JSONField(
        required=False,
        allow_null=True,
        help_text="Conditions on the answers; null: every response.",
    )
    selection = _Long(
        required=False,
        max_length=selections.LONGEST,
        help_text="A JMESPath expression over the message; what it finds is sent.",
    )
    template = _Long(
        required=False,
        max_length=sandbox.LONGEST_SOURCE,
        help_text="Writes the body; the guide to templates says with what.",
    )
    preset = serializers.ChoiceField(
        required=False, choices=[(name, each.label) for name, each in presets().items()]
    )
    content_type = serializers.CharField(
        required=False, max_length=LONGEST_TYPE, help_text="Of what the template writes."
    )


class HeadersInput(ShapeInput):
    """The same, with the headers."""

    headers = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=LONGEST_VALUE),
        required=False,
        write_only=True,
        help_text="Sent with every message, all of them at once. Never shown again.",
    )


class WebhookInput(PaceInput, HeadersInput):
    url = serializers.CharField(
        max_length=LONGEST_URL, help_text="http or https, on the public internet."
    )
    form_id = serializers.RegexField(
        ID_PATTERN, allow_null=True, default=None, help_text="Null: every form you own."
    )
    events = events_field()
    description = serializers.CharField(max_length=200, allow_blank=True, default="")
    include_personal_data = serializers.BooleanField(
        default=False,
        help_text="Send answers to personal fields; else they are null.",
    )
    asymmetric = serializers.BooleanField(
        default=False, help_text="Sign with an ed25519 key too, which anybody can check."
    )
    secret = serializers.RegexField(
        SECRET_PATTERN,
        required=False,
        write_only=True,
        help_text="One that the receiver has already: whsec_ and base64 of 24 to 64 random bytes.",
    )


class WebhookChange(PaceInput, HeadersInput):
    url = serializers.CharField(max_length=LONGEST_URL, required=False)
    events = events_field(required=False)
    description = serializers.CharField(max_length=200, allow_blank=True, required=False)
    include_personal_data = serializers.BooleanField(required=False)
    asymmetric = serializers.BooleanField(
        required=False, help_text="False forgets the ed25519 keys; true makes a new one."
    )


class RotateSecretInput(serializers.Serializer[Plain]):
    kind = serializers.ChoiceField(
        choices=SigningSecret.Kind.choices, default=SigningSecret.Kind.HMAC.value
    )
    grace_seconds = serializers.IntegerField(
        min_value=0,
        max_value=int(LONGEST_GRACE.total_seconds()),
        default=int(GRACE.total_seconds()),
        help_text="How long those before sign along: 0 ends them now.",
    )
    secret = serializers.RegexField(
        SECRET_PATTERN,
        required=False,
        write_only=True,
        help_text="Instead of a new one; of kind hmac only.",
    )

    def validate(self, attrs: Plain) -> Plain:
        if "secret" in attrs and attrs["kind"] != SigningSecret.Kind.HMAC:
            raise serializers.ValidationError({"secret": "An ed25519 key is made here only."})
        return attrs


class EnableInput(serializers.Serializer[Plain]):
    replay = serializers.BooleanField(
        default=False,
        help_text="Send what it missed: dead letters, and what happened while it was disabled.",
    )


class HealthOutput(serializers.Serializer[Plain]):
    state = serializers.ChoiceField(choices=STATES)
    delivered = serializers.IntegerField(help_text="Of what was enqueued in the last 24 hours.")
    dead = serializers.IntegerField(help_text="Of what was enqueued in the last 24 hours.")
    waiting = serializers.IntegerField(help_text="Everything that is on its way.")
    oldest_due_at = serializers.CharField(allow_null=True)
    last_delivered_at = serializers.CharField(allow_null=True)


class PublicKeyOutput(serializers.Serializer[Plain]):
    kid = serializers.CharField(help_text="Its id in the JSON Web Key Set.")
    public_key = serializers.CharField(help_text="whpk_ and base64 of 32 bytes.")
    created_at = serializers.CharField()
    expires_at = serializers.CharField(allow_null=True, help_text="Null: it was not rotated.")


class WebhookOutput(PaceOutput):
    id = serializers.CharField()
    url = serializers.CharField()
    form_id = serializers.CharField(allow_null=True)
    events = serializers.ListField(child=serializers.CharField())
    description = serializers.CharField()
    include_personal_data = serializers.BooleanField()
    asymmetric = serializers.BooleanField()
    public_keys = PublicKeyOutput(many=True)
    filter = serializers.JSONField(allow_null=True)
    selection = serializers.CharField()
    template = serializers.CharField()
    preset = serializers.CharField()
    content_type = serializers.CharField()
    header_names = serializers.ListField(
        child=serializers.CharField(), help_text="The values are never shown."
    )
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
    secret = serializers.CharField(
        allow_null=True, help_text="Shown this once; null where an ed25519 key was rotated."
    )
    public_key = PublicKeyOutput(allow_null=True)
    previous_expires_at = serializers.CharField(
        help_text="Until then messages carry signatures of those before, too."
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
    phases = serializers.DictField(
        child=serializers.FloatField(allow_null=True),
        help_text="Milliseconds by phase: dns, connect, tls, wait, body; null for what was spared.",
    )
    request_headers = serializers.DictField(
        child=serializers.CharField(), help_text="As sent; what could be secret is left out."
    )
    response_headers = serializers.DictField(child=serializers.CharField())
    response = serializers.CharField(help_text="The beginning of the answer, secrets removed.")


class DeliveryDetailOutput(DeliveryOutput):
    body = serializers.CharField(
        allow_null=True, help_text="As it is sent; null where none could be made."
    )
    attempts = AttemptOutput(many=True)


class DeliveryPage(PageOutput):
    results = DeliveryOutput(many=True)


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
        **pace_body(webhook),
        "asymmetric": webhook.asymmetric,
        "public_keys": [
            public_key_body(key)
            for key in webhook.secrets.all()
            if key.kind == SigningSecret.Kind.ED25519 and key.is_usable(now())
        ],
        "filter": webhook.filter,
        "selection": webhook.selection,
        "template": webhook.template,
        "preset": webhook.preset,
        "content_type": webhook.content_type,
        "header_names": webhook.header_names,
        "status": webhook.status,
        "disabled_reason": webhook.disabled_reason,
        "disabled_at": None if webhook.is_enabled else _time(webhook.disabled_at),
        "created_at": to_text(webhook.created_at),
        "updated_at": to_text(webhook.updated_at),
        "health": {
            "state": health_of(webhook).value,
            "delivered": counted["delivered_count"],
            "dead": counted["dead_count"],
            "waiting": counted["waiting_count"],
            "oldest_due_at": _time(counted["oldest_due_at"]),
            "last_delivered_at": _time(lane_state(webhook).last_success_at),
        },
    }


def public_key_body(key: SigningSecret) -> Plain:
    return {
        "kid": jwk_of(key.public_key)["kid"],
        "public_key": key.public_key,
        "created_at": to_text(key.created_at),
        "expires_at": _time(key.expires_at),
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
        "phases": attempt.phases,
        "request_headers": attempt.request_headers,
        "response_headers": attempt.response_headers,
        "response": attempt.response,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)
