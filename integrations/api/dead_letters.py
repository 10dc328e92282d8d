"""Dead letters over HTTP: search, send again."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from formplatform.core.actors import Actor
from formplatform.core.api.authentication import actor_of
from formplatform.core.api.pagination import page_body
from formplatform.forms.api.forms import checked
from integrations.webhooks import replays
from integrations.webhooks.access import visible_webhooks
from integrations.webhooks.dead_letters import Selection, find_dead_letters
from integrations.webhooks.models import Delivery

from .serializers import (
    DeadLetterSearch,
    DeliveryPage,
    ReplayInput,
    ReplayOutput,
    delivery_body,
)
from .webhooks import WebhookView


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
