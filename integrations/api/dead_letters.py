"""Dead letters over HTTP: search, send again."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response

from formplatform.core.actors import Actor
from formplatform.core.api.authentication import actor_of
from formplatform.core.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET, page_body
from formplatform.forms.api.forms import checked
from integrations.webhooks.access import visible_webhooks
from integrations.webhooks.events import DELIVERABLE_NAMES, TEST_NAME
from integrations.webhooks.models import Delivery
from integrations.webhooks.repeating import replays
from integrations.webhooks.repeating.dead_letters import Selection, find_dead_letters

from .serializers import ID_PATTERN, DeliveryPage, Plain, delivery_body
from .webhooks import WebhookView


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


class ReplayOutput(serializers.Serializer[Plain]):
    matching = serializers.IntegerField(help_text="Dead letters that fitted, before this call.")
    replayed = serializers.IntegerField(help_text="How many of them are sent again.")


@extend_schema(tags=["webhooks"])
class DeadLetterList(WebhookView):
    @extend_schema(
        operation_id="dead_letters_list", parameters=[DeadLetterSearch], responses=DeliveryPage
    )
    def get(self, request: Request) -> Response:
        """Deliveries that were given up, the latest first; `/deliveries/{id}/` shows one whole."""
        asked = DeadLetterSearch(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        wanted: dict[str, Any] = dict(asked.validated_data)
        limit, offset = wanted.pop("limit"), wanted.pop("offset")
        found = _found(actor_of(request), wanted).select_related("event")
        page = found.order_by("-finished_at", "-pk")[offset : offset + limit]
        return Response(page_body(request, list(map(delivery_body, page)), total=found.count()))


@extend_schema(tags=["webhooks"])
class ReplayDeadLetters(WebhookView):
    conflicts: ClassVar[bool] = False

    @extend_schema(request=ReplayInput, responses={202: ReplayOutput})
    def post(self, request: Request) -> Response:
        """Send dead letters again, those given up first first; those of disabled endpoints stay.

        With `dry_run` nothing is sent: `matching` says how many fit. Where `matching` is more than
        `replayed`, call again: what was sent again no longer fits.
        """
        wanted = checked(ReplayInput, request)
        limit, is_dry = wanted.pop("limit"), wanted.pop("dry_run")
        found = _found(actor_of(request), wanted)
        matching = found.count()
        replayed = 0 if is_dry else replays.replay(found, limit=limit)
        return Response({"matching": matching, "replayed": replayed}, status=202)


def _found(actor: Actor, wanted: dict[str, Any]) -> QuerySet[Delivery]:
    return find_dead_letters(Selection(**wanted)).filter(webhook__in=visible_webhooks(actor))
