"""What a person can do with endpoints: from the list with several, from its page with one."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from formplatform.core.admin_theme import action
from formplatform.core.errors import PlatformError
from integrations.webhooks import endpoints
from integrations.webhooks.models import Webhook

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as _Admin

    Base = _Admin[Webhook]
else:
    Base = object


class Deeds(Base):
    """Mixed into the endpoints' pages. Each is an action, and a button of an endpoint's page."""

    DEEDS = ("send_test", "rotate", "enable", "enable_and_replay", "disable")
    actions = DEEDS

    @action(description="Send a test message", permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            try:
                endpoints.send_test(webhook)
            except PlatformError as error:
                self.message_user(request, f"{webhook}: {error.message}", messages.ERROR)
            else:
                self.message_user(request, f"{webhook}: a test message is on its way.")

    @action(description="Rotate the secret (of one endpoint)", permissions=["change"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> HttpResponse | None:
        if queryset.count() != 1:
            self.message_user(request, "Choose one endpoint.", messages.ERROR)
            return None
        webhook = queryset.get()
        secret = endpoints.rotate_secret(webhook)
        self.log_change(request, webhook, "Rotated the secret.")
        return self.show_secret(request, webhook, secret, rotated=True)

    @action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            endpoints.enable(webhook)
            self.log_change(request, webhook, "Enabled.")
        self.message_user(request, "Enabled.")

    @action(description="Enable and send again what was missed", permissions=["change"])
    def enable_and_replay(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        replayed = 0
        for webhook in queryset:
            replayed += endpoints.enable(webhook, replay=True)
            self.log_change(request, webhook, "Enabled and sent again what was missed.")
        self.message_user(request, f"Enabled; {replayed} dead letters are sent again.")

    @action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            endpoints.disable(webhook.pk, reason=Webhook.DisabledReason.BY_OWNER)
            self.log_change(request, webhook, "Disabled.")
        self.message_user(request, "Disabled; what waited became dead letters.")

    def show_secret(
        self, request: HttpRequest, webhook: Webhook, secret: str, *, rotated: bool = False
    ) -> HttpResponse:
        """Straight into the answer: a message or a session would keep it."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Signing secret",
            "webhook": webhook,
            "secret": secret,
            "grace_hours": round(endpoints.GRACE.total_seconds() / 3600) if rotated else 0,
            "back": reverse("admin:integrations_webhook_changelist"),
        }
        answer = TemplateResponse(request, "integrations/secret.html", context)
        add_never_cache_headers(answer)
        return answer
