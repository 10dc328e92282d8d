"""How an endpoint is sent to, over HTTP: its order, rate and schedule, and what holds it up."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from formplatform.core.clock import to_text
from integrations.webhooks.explaining.health import HOLDS, lane_state
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Webhook
from integrations.webhooks.queue.pace import MOST_PER_MINUTE, preset_of
from integrations.webhooks.queue.schedule import LONGEST_DELAY_SECONDS, MOST_ATTEMPTS, PRESETS

Plain = dict[str, Any]


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


class PaceOutput(serializers.Serializer[Plain]):
    ordering = serializers.ChoiceField(choices=Webhook.Ordering.values)
    rate_per_minute = serializers.IntegerField(allow_null=True)
    retry_delays = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="Null: the platform's."
    )
    retry_preset = serializers.CharField(help_text="Empty where the delays are its own.")
    lane = LaneOutput()


def pace_body(webhook: Webhook) -> Plain:
    """The webhook comes with its lane."""
    state = lane_state(webhook)
    return {
        "ordering": webhook.ordering,
        "rate_per_minute": webhook.rate_per_minute,
        "retry_delays": webhook.retry_delays,
        "retry_preset": preset_of(webhook.retry_delays),
        "lane": {
            "holds": [hold.value for hold in state.holds],
            "breaker": state.breaker,
            "breaker_until": _time(state.breaker_until),
            "paused_until": _time(state.paused_until),
            "rate_limited_until": _time(state.rate_limited_until),
            "failing_since": _time(state.failing_since),
            "disabled_at_latest": _time(state.disabled_at_latest),
        },
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)
