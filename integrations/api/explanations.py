"""Why an endpoint got an event or not, over HTTP."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from formplatform.core.api.authentication import actor_of
from integrations.webhooks.access import get_webhook
from integrations.webhooks.explaining.explaining import event_id_of, explain, plain
from integrations.webhooks.models import LONGEST_EVENT_ID

from .serializers import ID_PATTERN, Plain
from .webhooks import WebhookView

MOST_REVISIONS = 10**9 - 1


class ExplainInput(serializers.Serializer[Plain]):
    event_id = serializers.CharField(
        max_length=LONGEST_EVENT_ID, required=False, help_text="The webhook-id header."
    )
    response_id = serializers.RegexField(
        ID_PATTERN, required=False, help_text="Instead of event_id, with `revision`."
    )
    revision = serializers.IntegerField(min_value=1, max_value=MOST_REVISIONS, default=1)

    def validate(self, attrs: Plain) -> Plain:
        if ("event_id" in attrs) == ("response_id" in attrs):
            message = "Give either event_id, or response_id and revision."
            raise serializers.ValidationError({"event_id": message})
        return attrs


class ExplanationStepOutput(serializers.Serializer[Plain]):
    code = serializers.CharField(help_text="Stable, for programs.")
    text = serializers.CharField(help_text="For people.")
    details = serializers.DictField(help_text="What the text is made of, where that helps.")


class ExplanationOutput(serializers.Serializer[Plain]):
    event_id = serializers.CharField()
    webhook_id = serializers.CharField()
    was_sent = serializers.BooleanField(allow_null=True, help_text="Null where it may yet be sent.")
    steps = ExplanationStepOutput(
        many=True, help_text="In the order in which they are asked; the last decides."
    )


@extend_schema(tags=["webhooks"])
class Explain(WebhookView):
    @extend_schema(parameters=[ExplainInput], responses=ExplanationOutput)
    def get(self, request: Request, webhook_id: str) -> Response:
        """Why this endpoint got an event or not, step by step; also of events nobody knows."""
        actor = actor_of(request)
        webhook = get_webhook(actor, webhook_id)
        asked = ExplainInput(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        given: dict[str, Any] = asked.validated_data
        event_id = given.get("event_id") or event_id_of(given["response_id"], given["revision"])
        return Response(plain(explain(webhook, event_id, actor=actor)))
