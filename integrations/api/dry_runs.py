"""Dry runs over HTTP: what settings would have sent, before anybody saves them."""

from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from formplatform.core import clock
from formplatform.core.api.authentication import actor_of
from formplatform.forms.api.forms import checked
from integrations.webhooks.access import check_may_listen, get_webhook
from integrations.webhooks.dry_run import Reach, dry_run
from integrations.webhooks.endpoints import EndpointForm, form_of

from .dry_run_serializers import DryRunChange, DryRunInput, DryRunOutput, report_body
from .serializers import Plain
from .webhooks import WebhookView, user_id_of

USUAL_SPAN = timedelta(days=7)


@extend_schema(tags=["webhooks"])
class DryRun(WebhookView):
    conflicts: ClassVar[bool] = False

    @extend_schema(operation_id="webhooks_dry_run", request=DryRunInput, responses=DryRunOutput)
    def post(self, request: Request) -> Response:
        """Which past events an endpoint with these settings would have been sent, and what."""
        actor, values = actor_of(request), checked(DryRunInput, request)
        form_id = values.pop("form_id") or ""
        check_may_listen(actor, form_id)
        empty = EndpointForm(url="", events=values.pop("events"))
        return _run(empty, values, owner_id=user_id_of(actor), form_id=form_id)


@extend_schema(tags=["webhooks"])
class WebhookDryRun(WebhookView):
    conflicts: ClassVar[bool] = False

    @extend_schema(
        operation_id="webhooks_dry_run_changes", request=DryRunChange, responses=DryRunOutput
    )
    def post(self, request: Request, webhook_id: str) -> Response:
        """The same with the settings of an endpoint; what is given is tried on instead."""
        webhook = get_webhook(actor_of(request), webhook_id)
        values = checked(DryRunChange, request)
        return _run(form_of(webhook), values, owner_id=webhook.owner_id, form_id=webhook.form_id)


def _run(settings: EndpointForm, values: Plain, *, owner_id: int, form_id: str) -> Response:
    until = values.pop("until", None) or clock.now()
    since = values.pop("since", None) or until - USUAL_SPAN
    limit = values.pop("limit")
    reach = Reach(owner_id=owner_id, form_id=form_id, since=since, until=until)
    return Response(report_body(dry_run(replace(settings, **values), reach, limit=limit)))
