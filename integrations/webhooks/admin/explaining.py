"""The admin's page that says why an endpoint got an event or not."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode

from formplatform.core.actors import SYSTEM
from formplatform.core.admin_theme import ModelAdmin, action
from formplatform.core.errors import NotFoundError
from formplatform.forms.ids import is_id
from integrations.webhooks.access import get_webhook
from integrations.webhooks.explaining.explaining import event_id_of, explain
from integrations.webhooks.models import LONGEST_EVENT_ID, Delivery, Webhook

if TYPE_CHECKING:
    _WebhookPages = ModelAdmin[Webhook]
    _DeliveryPages = ModelAdmin[Delivery]
else:
    _WebhookPages = _DeliveryPages = object

PAGE = "admin:integrations_webhook_explain"


class ExplainPage(_WebhookPages):
    """For the endpoint's pages: the page itself, and an action that leads to it."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.explain_page)
        name = PAGE.partition(":")[2]
        return [path("<str:webhook_id>/explain/", view, name=name), *super().get_urls()]

    def explain_page(self, request: HttpRequest, webhook_id: str) -> HttpResponse:
        """Asks for the id of an event, or of a response, whose first revision is meant."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            webhook = get_webhook(SYSTEM, webhook_id)
        except NotFoundError:
            self.message_user(request, "There is no such webhook.", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:integrations_webhook_changelist"))
        asked = request.GET.get("event", "").strip().replace("\0", "")[:LONGEST_EVENT_ID]
        event_id = event_id_of(asked, 1) if is_id(asked) else asked
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Why was it sent, or not?",
            "webhook": webhook,
            "asked": asked,
            "explanation": explain(webhook, event_id, actor=SYSTEM) if event_id else None,
        }
        return TemplateResponse(request, "integrations/explain.html", context)

    @action(description="Why was an event sent, or not? (one endpoint)", permissions=["view"])
    def ask_why(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> HttpResponse | None:
        if queryset.count() != 1:
            self.message_user(request, "Choose one endpoint.", messages.ERROR)
            return None
        return HttpResponseRedirect(reverse(PAGE, args=[queryset.get().pk]))


class ExplainAction(_DeliveryPages):
    """For the pages of deliveries: an action that explains one of them."""

    @action(description="Explain where it is (one message)", permissions=["view"])
    def ask_why(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> HttpResponse | None:
        if queryset.count() != 1:
            self.message_user(request, "Choose one message.", messages.ERROR)
            return None
        chosen = queryset.get()
        page = reverse(PAGE, args=[chosen.webhook_id])
        return HttpResponseRedirect(f"{page}?{urlencode({'event': chosen.event_id})}")
