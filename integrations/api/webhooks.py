"""Webhooks over HTTP: make, change, test, rotate the secret, switch on and off."""

from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from django.db.models import QuerySet
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from formplatform.core import clock
from formplatform.core.actors import Actor
from formplatform.core.api.authentication import actor_of
from formplatform.core.api.idempotency import creates_once
from formplatform.core.api.pagination import WINDOW_PARAMETERS, page_body, window_of
from formplatform.core.api.preconditions import content_tag, editing, tagged
from formplatform.core.errors import PermissionDeniedError
from formplatform.forms.api.forms import checked
from formplatform.forms.ids import is_id
from integrations.webhooks import endpoints, rotation
from integrations.webhooks.access import check_may_listen, get_webhook, visible_webhooks
from integrations.webhooks.endpoints import EndpointForm
from integrations.webhooks.explaining.health import with_health
from integrations.webhooks.models import SigningSecret, Webhook
from integrations.webhooks.repeating import missed

from .serializers import (
    DeliveryOutput,
    EnableInput,
    EnableOutput,
    NewWebhookOutput,
    Plain,
    RotateSecretInput,
    SecretOutput,
    WebhookChange,
    WebhookInput,
    WebhookOutput,
    WebhookPage,
    delivery_body,
    public_key_body,
    webhook_body,
)

LONGEST_REPLAY_SECONDS = 5.0
"""What is left after so long is sent in the background."""


class WebhookView(APIView):
    """Base of everything about webhooks."""

    read_scope: ClassVar[str] = "webhooks:read"
    write_scope: ClassVar[str] = "webhooks:write"


@extend_schema(tags=["webhooks"])
class WebhookList(WebhookView):
    shown_once: ClassVar[tuple[str, ...]] = ("secret",)

    @extend_schema(
        operation_id="webhooks_list",
        parameters=[OpenApiParameter("form_id", str), *WINDOW_PARAMETERS],
        responses=WebhookPage,
    )
    def get(self, request: Request) -> Response:
        """The endpoints you may change, newest first."""
        found = visible_webhooks(actor_of(request))
        form_id = request.query_params.get("form_id")
        if form_id is not None:
            found = found.filter(form_id=form_id) if is_id(form_id) else found.none()
        limit, offset = window_of(request)
        page = with_health(found).prefetch_related("secrets")[offset : offset + limit]
        bodies = [webhook_body(webhook) for webhook in page]
        return Response(page_body(request, bodies, total=found.count()))

    @extend_schema(request=WebhookInput, responses={201: NewWebhookOutput})
    @creates_once
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        """Make an endpoint. The secret in the answer is shown this once."""
        actor = actor_of(request)
        values = checked(WebhookInput, request)
        form_id, secret = values.pop("form_id") or "", values.pop("secret", None)
        check_may_listen(actor, form_id)
        webhook, shown = endpoints.create_webhook(
            EndpointForm(**values),
            owner_id=user_id_of(actor),
            form_id=form_id,
            secret=secret,
        )
        return tagged({**_body(webhook), "secret": shown}, _tag(webhook), status=201)


@extend_schema(tags=["webhooks"])
class WebhookDetail(WebhookView):
    conditional: ClassVar[bool] = True

    @extend_schema(responses=WebhookOutput)
    def get(self, request: Request, webhook_id: str) -> Response:
        webhook = get_webhook(actor_of(request), webhook_id)
        return tagged(_body(webhook), _tag(webhook))

    @extend_schema(request=WebhookChange, responses=WebhookOutput)
    def patch(self, request: Request, webhook_id: str) -> Response:
        """Change an endpoint; what is on its way goes to the new URL."""
        found, changes = get_webhook(actor_of(request), webhook_id), checked(WebhookChange, request)
        with editing(request, _live(found), _tag) as webhook:
            endpoints.update_webhook(webhook, replace(endpoints.form_of(webhook), **changes))
        return tagged(_body(webhook), _tag(webhook))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, webhook_id: str) -> Response:
        """Delete an endpoint. What waits for it is not sent."""
        found = get_webhook(actor_of(request), webhook_id)
        with editing(request, _live(found), _tag) as webhook:
            endpoints.delete_webhook(webhook)
        return Response(status=204)


@extend_schema(tags=["webhooks"])
class WebhookTest(WebhookView):
    @extend_schema(request=None, responses={202: DeliveryOutput})
    def post(self, request: Request, webhook_id: str) -> Response:
        """Put a `webhook.test` message on its way; the answer names the delivery."""
        webhook = get_webhook(actor_of(request), webhook_id)
        return Response(delivery_body(endpoints.send_test(webhook)), status=202)


@extend_schema(tags=["webhooks"])
class RotateSecret(WebhookView):
    conflicts: ClassVar[bool] = False

    @extend_schema(request=RotateSecretInput, responses=SecretOutput)
    @sensitive_variables()
    def post(self, request: Request, webhook_id: str) -> Response:
        """A new secret or ed25519 key; those before sign along for the grace."""
        webhook = get_webhook(actor_of(request), webhook_id)
        values = checked(RotateSecretInput, request)
        grace = timedelta(seconds=values["grace_seconds"])
        secret, key = None, None
        if values["kind"] == SigningSecret.Kind.HMAC:
            secret = rotation.rotate_secret(webhook, grace=grace, secret=values.get("secret"))
        else:
            key = public_key_body(rotation.rotate_public_key(webhook, grace=grace))
        ends_at = clock.to_text(clock.now() + grace)
        return Response({"secret": secret, "public_key": key, "previous_expires_at": ends_at})


@extend_schema(tags=["webhooks"])
class EnableWebhook(WebhookView):
    conflicts: ClassVar[bool] = False

    @extend_schema(request=EnableInput, responses=EnableOutput)
    def post(self, request: Request, webhook_id: str) -> Response:
        """Switch an endpoint on; with `replay`, send what it missed, behind new messages."""
        webhook = get_webhook(actor_of(request), webhook_id)
        replay = checked(EnableInput, request)["replay"]
        replayed = endpoints.enable(webhook, replay=replay, seconds=LONGEST_REPLAY_SECONDS)
        remaining = missed.missed_by(webhook).count()
        return Response({"replayed": replayed, "remaining": remaining})


@extend_schema(tags=["webhooks"])
class DisableWebhook(WebhookView):
    conflicts: ClassVar[bool] = False

    @extend_schema(request=None, responses=WebhookOutput)
    def post(self, request: Request, webhook_id: str) -> Response:
        """Switch an endpoint off; what waits for it becomes dead letters."""
        webhook = get_webhook(actor_of(request), webhook_id)
        endpoints.disable(webhook.pk, reason=Webhook.DisabledReason.BY_OWNER)
        return Response(_body(webhook))


def _body(webhook: Webhook) -> Plain:
    return webhook_body(with_health(Webhook.objects.filter(pk=webhook.pk)).get())


def _live(webhook: Webhook) -> QuerySet[Webhook]:
    return Webhook.objects.filter(pk=webhook.pk, deleted_at__isnull=True)


def _tag(webhook: Webhook) -> str:
    return content_tag(endpoints.form_of(webhook), str(webhook.status), webhook.updated_at)


def user_id_of(actor: Actor) -> int:
    """Raises PermissionDeniedError for nobody."""
    if actor.user_id is None:
        raise PermissionDeniedError("A webhook needs an owner: sign in first.")
    return actor.user_id
