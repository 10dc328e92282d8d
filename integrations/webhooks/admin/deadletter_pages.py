"""Dead letters: found by what they have in common, sent again one by one or all at once."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from formplatform.core.admin_theme import display, register
from formplatform.core.figures import Figure, register_figure
from integrations.webhooks.models import DeadLetter, Delivery, Webhook
from integrations.webhooks.repeating import replays

from .delivery_pages import DeliveryPages
from .filters import EndpointFilter, EventTypeFilter, FormFilter, GivenUpFilter
from .looks import day_and_time

LIST = "admin:integrations_deadletter_changelist"

register_figure(
    Figure(
        label="Dead letters",
        count=lambda: Delivery.objects.filter(status=Delivery.Status.DEAD).count(),
        page=LIST,
        permission="integrations.view_deadletter",
        wanted=0,
    )
)


@register(DeadLetter)
class DeadLetterAdmin(DeliveryPages):
    change_list_template = "integrations/deadletters.html"
    list_display = [
        *("event_type", "webhook", "reason", "last_error", "attempts_made", "given_up"),
    ]
    list_filter = ["dead_reason", EndpointFilter, FormFilter, EventTypeFilter, GivenUpFilter]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).filter(status=Delivery.Status.DEAD)

    @display(description="Given up (UTC)", ordering="finished_at")
    def given_up(self, delivery: Delivery) -> str | None:
        return day_and_time(delivery.finished_at)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.replay_all)
        return [
            path("send-again/", view, name="integrations_deadletter_send_again"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        page = reverse("admin:integrations_deadletter_send_again")
        query = request.GET.urlencode()
        link = f"{page}?{query}" if query else page
        extra = {"send_again": link if self.has_replay_permission(request) else ""}
        return super().changelist_view(request, {**(extra_context or {}), **extra})

    def replay_all(self, request: HttpRequest) -> HttpResponse:
        """Everything the list's filter matches, after a page that says how much that is."""
        if not (self.has_view_permission(request) and self.has_replay_permission(request)):
            self.message_user(request, "You may not send messages again.", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:index"))
        found = self.get_changelist_instance(request).get_queryset(request)
        matching = Delivery.objects.filter(pk__in=found.order_by().values("pk"))
        back = f"{reverse(LIST)}?{request.GET.urlencode()}"
        if request.method == "POST":
            chosen = matching.count()
            replayed = replays.replay(matching)
            self.tell_replayed(request, replayed=replayed, chosen=chosen)
            return HttpResponseRedirect(back)
        sendable = matching.filter(
            webhook__status=Webhook.Status.ENABLED, webhook__deleted_at__isnull=True
        )
        count, matched = sendable.count(), matching.count()
        context = {
            **self.admin_site.each_context(request),
            "title": "Send dead letters again",
            "count": count,
            "stay": matched - count,
            "endpoints": sendable.order_by().values("webhook").distinct().count(),
            "back": back,
        }
        return TemplateResponse(request, "integrations/send_again.html", context)
