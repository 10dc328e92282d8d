"""An endpoint's messages by number over HTTP: the manifest, and the messages to fetch."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from formplatform.core.api.authentication import actor_of
from formplatform.core.api.pagination import (
    DEFAULT_LIMIT,
    LIMIT_PARAMETER,
    MAX_LIMIT,
    whole_number,
)
from formplatform.core.clock import to_text
from formplatform.core.errors import FieldError, InvalidInputError
from integrations.webhooks.access import get_webhook
from integrations.webhooks.models import Delivery, Webhook
from integrations.webhooks.repeating import completeness

from .webhooks import WebhookView

Plain = dict[str, Any]
LARGEST_SEQ = 10**12 - 1
AFTER = {"type": "integer", "minimum": 0, "maximum": LARGEST_SEQ}


class EntryOutput(serializers.Serializer[Plain]):
    seq = serializers.IntegerField(help_text="The X-Webhook-Sequence header.")
    event_id = serializers.CharField(help_text="The webhook-id header.")
    status = serializers.ChoiceField(choices=Delivery.Status.choices)
    sha256 = serializers.CharField(
        allow_null=True, help_text="Of the body's bytes; null where none could be made."
    )


class ManifestOutput(serializers.Serializer[Plain]):
    first_seq = serializers.IntegerField(
        allow_null=True, help_text="The first number that is kept: those before it were pruned."
    )
    last_seq = serializers.IntegerField(help_text="The last number given; 0 before the first.")
    count = serializers.IntegerField(help_text="Of this page.")
    next_after = serializers.IntegerField(help_text="What `after` is for the next page.")
    digest = serializers.CharField(
        help_text="SHA-256 over a line `{seq} {event_id} {sha256}` per result, `-` for null."
    )
    results = EntryOutput(many=True)


class MessageOutput(serializers.Serializer[Plain]):
    seq = serializers.IntegerField(help_text="The X-Webhook-Sequence header.")
    delivery_id = serializers.CharField()
    event_id = serializers.CharField(help_text="The webhook-id header.")
    event_type = serializers.CharField()
    status = serializers.ChoiceField(choices=Delivery.Status.choices)
    created_at = serializers.CharField()
    body = serializers.CharField(
        allow_null=True, help_text="As it is sent; null where none could be made."
    )


class MessagePage(serializers.Serializer[Plain]):
    next_after = serializers.IntegerField(help_text="What `after` is for the next page.")
    last_seq = serializers.IntegerField(help_text="The last number given; 0 before the first.")
    results = MessageOutput(many=True)


@extend_schema(tags=["webhooks"])
class Manifest(WebhookView):
    @extend_schema(
        parameters=[
            OpenApiParameter(
                "after", {**AFTER, "default": 0}, description="Only numbers behind this one."
            ),
            LIMIT_PARAMETER,
        ],
        responses=ManifestOutput,
    )
    def get(self, request: Request, webhook_id: str) -> Response:
        """What the endpoint was to get, by number, so that a receiver can list what it misses.

        Numbers have no gaps: one that is lacking here was pruned.
        """
        webhook = get_webhook(actor_of(request), webhook_id)
        after = after_of(request)
        entries = completeness.manifest_after(webhook, after, limit=limit_of(request))
        body = {
            **asdict(completeness.extent_of(webhook)),
            "count": len(entries),
            "next_after": entries[-1].seq if entries else after,
            "digest": completeness.digest_of(entries),
            "results": [asdict(each) for each in entries],
        }
        return Response(body)


def messages_body(request: Request, webhook: Webhook) -> Plain:
    """The messages behind `after`, in the order of their numbers.

    Raises:
        InvalidInputError: it came with what belongs to the list of deliveries.
    """
    strange = [name for name in ("status", "offset") if name in request.query_params]
    if strange:
        message = "Leave it out: behind a number every message comes, in order."
        raise InvalidInputError(
            "Some values are not valid.",
            errors=[FieldError(name, "not_with_after", message) for name in strange],
        )
    after = after_of(request)
    found = completeness.messages_after(webhook, after, limit=limit_of(request))
    return {
        "next_after": found[-1].seq if found else after,
        "last_seq": completeness.extent_of(webhook).last_seq,
        "results": [_message_body(each) for each in found],
    }


def _message_body(delivery: Delivery) -> Plain:
    return {
        "seq": delivery.seq,
        "delivery_id": delivery.pk,
        "event_id": delivery.event_id,
        "event_type": delivery.event.type,
        "status": delivery.status,
        "created_at": to_text(delivery.created_at),
        "body": bytes(delivery.payload.body).decode() if delivery.payload else None,
    }


def after_of(request: Request) -> int:
    return whole_number(request, "after", 0, minimum=0, maximum=LARGEST_SEQ)


def limit_of(request: Request) -> int:
    return whole_number(request, "limit", DEFAULT_LIMIT, minimum=1, maximum=MAX_LIMIT)
