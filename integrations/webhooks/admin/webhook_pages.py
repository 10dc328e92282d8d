"""Endpoints: how they are doing, their settings, and what a person can do with one."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.views.decorators.debug import sensitive_variables

from formplatform.core import clock
from formplatform.core.admin_theme import display, register
from integrations.webhooks import endpoints
from integrations.webhooks.explaining.health import health_of, lane_state, with_health
from integrations.webhooks.models import Webhook

from .deeds import Deeds
from .forms import WebhookForm
from .looks import HEALTH_COLOURS, STYLES, day_and_time, span, titles_of
from .panel import panel_of

FIELDSETS: Any = (
    (
        None,
        {"fields": ["url", "description", "owner", "form_id", "events", "include_personal_data"]},
    ),
    (
        "What is sent",
        {
            "fields": [
                *("filter", "preset", "selection", "template", "content_type"),
                *("headers", "without_headers", "asymmetric"),
            ]
        },
    ),
    (
        "How it is sent to",
        {"fields": ["ordering", "rate_per_minute", "schedule", "own_delays"]},
    ),
)
HOLDS = {"breaker_open": "breaker open", "paused": "paused", "rate_limited": "rate limited"}


@register(Webhook)
class WebhookAdmin(Deeds):
    form = WebhookForm
    fieldsets = FIELDSETS
    change_form_template = "integrations/webhook.html"
    list_display = ["name", "health", "held_up", "last_day", "waits", "arrived", "of_form", "owner"]
    list_filter = ["status", "disabled_reason", "lane__breaker"]
    search_fields = ["url", "description", "form_id", "owner__username"]
    list_per_page = 25
    autocomplete_fields = ["owner"]

    class Media:
        css = STYLES

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        live = super().get_queryset(request).filter(deleted_at__isnull=True)
        return with_health(live.select_related("owner"))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        """With the titles of a page's forms read at once, not row by row."""
        themed: Any = super().get_changelist(request, **kwargs)

        class Titled(themed):  # type: ignore[misc]  # the base is the theme's
            def get_results(self, request: HttpRequest) -> None:
                super().get_results(request)
                titles = titles_of(self.result_list)
                for webhook in self.result_list:
                    webhook.form_title = titles.get(webhook.form_id)

        return Titled

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"owner": request.user.pk}

    def get_readonly_fields(self, request: HttpRequest, obj: Webhook | None = None) -> list[str]:
        return [] if obj is None else ["owner", "form_id"]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A button of the panel is no change of the settings: it is done instead of saving."""
        webhook = self.get_object(request, object_id) if object_id else None
        if webhook is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        deed = request.POST.get("_deed", "")
        if request.method == "POST" and deed in self.DEEDS and self._may_do(request, deed):
            done = getattr(self, deed)(request, Webhook.objects.filter(pk=webhook.pk))
            return done or HttpResponseRedirect(request.path)
        panel = {"panel": panel_of(webhook), "may_change": self._may_do(request, "enable")}
        return super().changeform_view(
            request, object_id, form_url, {**(extra_context or {}), **panel}
        )

    def _may_do(self, request: HttpRequest, deed: str) -> bool:
        return deed in self.DEEDS and self.has_change_permission(request)

    @display(description="Endpoint", ordering="description")
    def name(self, webhook: Webhook) -> str:
        return str(webhook)

    @display(description="Health", colours=HEALTH_COLOURS)
    def health(self, webhook: Webhook) -> str:
        return health_of(webhook).value

    @display(description="Held up")
    def held_up(self, webhook: Webhook) -> str | None:
        state = lane_state(webhook)
        words = [HOLDS[hold.value] for hold in state.holds]
        if state.breaker == "half_open":
            words.append("trying one message")
        return ", ".join(words) or None

    @display(description="Last 24 hours")
    def last_day(self, webhook: Webhook) -> str | None:
        counted = vars(webhook)
        parts = {"delivered": counted["delivered_count"], "dead": counted["dead_count"]}
        return ", ".join(f"{number:,} {name}" for name, number in parts.items() if number) or None

    @display(description="Waiting")
    def waits(self, webhook: Webhook) -> str | None:
        counted = vars(webhook)
        if not counted["waiting_count"]:
            return None
        late = (clock.now() - counted["oldest_due_at"]).total_seconds()
        oldest = f", late by {span(late)}" if late > 1 else ""
        return f"{counted['waiting_count']:,}{oldest}"

    @display(description="Last success (UTC)", ordering="lane__last_success_at")
    def arrived(self, webhook: Webhook) -> str | None:
        return day_and_time(lane_state(webhook).last_success_at)

    @display(description="Form", ordering="form_id")
    def of_form(self, webhook: Webhook) -> str:
        if not webhook.form_id:
            return "every form"
        title: str | None = vars(webhook).get("form_title")
        return title or format_html("{} (deleted)", webhook.form_id)

    @sensitive_variables("secret")
    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        if change:
            endpoints.update_webhook(obj, form.wanted())
            return
        saved, secret = endpoints.create_webhook(
            form.wanted(), owner_id=obj.owner_id, form_id=obj.form_id
        )
        obj.pk = saved.pk
        obj.shown_secret = secret  # type: ignore[attr-defined]  # for the answer below

    def response_add(
        self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.show_secret(request, obj, obj.shown_secret)  # type: ignore[attr-defined]

    def delete_model(self, request: HttpRequest, obj: Webhook) -> None:
        endpoints.delete_webhook(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            endpoints.delete_webhook(webhook)
