"""Deliveries and dead letters over HTTP: look, send again."""

from django.db.models import QuerySet
from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework.request import Request
from rest_framework.response import Response

from formplatform.core.api.authentication import actor_of
from formplatform.core.api.pagination import WINDOW_PARAMETERS, page_body, window_of
from formplatform.core.errors import FieldError, InvalidInputError
from integrations.webhooks.access import get_delivery, get_webhook
from integrations.webhooks.models import Delivery
from integrations.webhooks.repeating import replays

from .completeness import AFTER, MessagePage, messages_body
from .serializers import (
    DeliveryDetailOutput,
    DeliveryOutput,
    DeliveryPage,
    attempt_body,
    delivery_body,
)
from .webhooks import WebhookView


@extend_schema(tags=["webhooks"])
class WebhookDeliveries(WebhookView):
    @extend_schema(
        operation_id="webhooks_deliveries_list",
        parameters=[
            OpenApiParameter("status", str, enum=Delivery.Status.values),
            OpenApiParameter(
                "after", AFTER, description="Messages with their bodies, behind this number."
            ),
            *WINDOW_PARAMETERS,
        ],
        responses=PolymorphicProxySerializer(
            component_name="DeliveriesOrMessages",
            serializers=[DeliveryPage, MessagePage],
            resource_type_field_name=None,
        ),
    )
    def get(self, request: Request, webhook_id: str) -> Response:
        """What was sent to one endpoint, or is to be, newest first.

        With `after`, the messages themselves in the order of their numbers: read on from
        `next_after`, and none is ever left out. `status` and `offset` do not go with it.
        """
        webhook = get_webhook(actor_of(request), webhook_id)
        if "after" in request.query_params:
            return Response(messages_body(request, webhook))
        found = webhook.deliveries.select_related("event")
        status = request.query_params.get("status")
        if status is not None:
            found = found.filter(status=_known_status(status))
        return _page(request, found)


@extend_schema(tags=["webhooks"])
class DeliveryDetail(WebhookView):
    @extend_schema(responses=DeliveryDetailOutput)
    def get(self, request: Request, delivery_id: str) -> Response:
        """One delivery with what is sent and its attempts."""
        delivery = get_delivery(actor_of(request), delivery_id)
        attempts = [attempt_body(attempt) for attempt in delivery.attempts.all()]
        body = bytes(delivery.payload.body).decode() if delivery.payload else None
        return Response({**delivery_body(delivery), "body": body, "attempts": attempts})


@extend_schema(tags=["webhooks"])
class Redeliver(WebhookView):
    @extend_schema(request=None, responses={202: DeliveryOutput})
    def post(self, request: Request, delivery_id: str) -> Response:
        """Send a finished delivery again, under the same id."""
        delivery = get_delivery(actor_of(request), delivery_id)
        replays.redeliver(delivery)
        delivery.refresh_from_db()
        return Response(delivery_body(delivery), status=202)


def _page(request: Request, found: QuerySet[Delivery]) -> Response:
    limit, offset = window_of(request)
    bodies = [delivery_body(delivery) for delivery in found[offset : offset + limit]]
    return Response(page_body(request, bodies, total=found.count()))


def _known_status(status: str) -> str:
    if status not in Delivery.Status.values:
        message = f"Expected one of {', '.join(Delivery.Status.values)}."
        raise InvalidInputError(
            "Some values are not valid.", errors=[FieldError("status", "invalid", message)]
        )
    return status
