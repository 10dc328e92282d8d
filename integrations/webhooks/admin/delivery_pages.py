"""Deliveries: where each one is, and its timeline."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString

from formplatform.core.admin_theme import ModelAdmin, action, display, register
from formplatform.core.figures import Figure, register_figure
from integrations.webhooks.explaining.steps import spoken_time
from integrations.webhooks.models import Delivery
from integrations.webhooks.repeating import replays

from .explaining import ExplainAction
from .filters import EventTypeFilter
from .looks import STATUS_COLOURS, STYLES, QuickPaginator
from .timeline import draw_timeline

FIELDS = (
    *("webhook", "event_type", "event_id", "number", "state", "reason", "attempts_made"),
    *("enqueued", "finished", "size"),
)

register_figure(
    Figure(
        label="Webhooks on their way",
        count=lambda: Delivery.objects.filter(due_at__isnull=False).count(),
        page="admin:integrations_delivery_changelist",
        permission="integrations.view_delivery",
    )
)


class DeliveryPages(ExplainAction, ModelAdmin[Delivery]):
    """What deliveries and dead letters share: they are read and sent again, never edited."""

    change_form_template = "integrations/delivery.html"
    list_select_related = ["webhook", "event"]
    search_fields = ["=id", "=event__id", "=event__response_id", "=webhook__id"]
    search_help_text = "The id of a delivery, an event, a response or an endpoint, in full."
    list_per_page = 50
    paginator = QuickPaginator
    show_full_result_count = False
    actions = ["send_again", "ask_why"]
    fields = FIELDS
    readonly_fields = FIELDS

    class Media:
        css = STYLES

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("integrations.change_delivery"))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Delivery | None:
        """With all its page shows, in one question."""
        found = self.get_queryset(request).select_related("webhook__lane", "event", "payload")
        return found.filter(pk=object_id).first()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        delivery = self.get_object(request, object_id) if object_id else None
        may_replay = self.has_replay_permission(request)
        if delivery is not None and may_replay and "_deed" in request.POST:
            self.send_again(request, Delivery.objects.filter(pk=delivery.pk))
            return HttpResponseRedirect(request.path)
        extra = {
            "timeline": draw_timeline(delivery) if delivery is not None else SafeString(""),
            "may_replay": may_replay and delivery is not None and delivery.due_at is None,
        }
        return super().changeform_view(
            request, object_id, form_url, {**(extra_context or {}), **extra}
        )

    @display(description="Event", ordering="event__type")
    def event_type(self, delivery: Delivery) -> str:
        return delivery.event.type

    @display(description="Number at its endpoint")
    def number(self, delivery: Delivery) -> int:
        return delivery.seq

    @display(description="Status", ordering="status", colours=STATUS_COLOURS)
    def coloured(self, delivery: Delivery) -> tuple[str, str]:
        return delivery.status, delivery.get_status_display()

    @display(description="Status")
    def state(self, delivery: Delivery) -> str:
        return delivery.get_status_display()

    @display(description="Given up because", ordering="dead_reason")
    def reason(self, delivery: Delivery) -> str | None:
        return delivery.get_dead_reason_display() or None

    @display(description="Attempts", ordering="attempt_no")
    def attempts_made(self, delivery: Delivery) -> int:
        return delivery.attempt_no

    @display(description="Next attempt", ordering="due_at")
    def next_attempt(self, delivery: Delivery) -> str | None:
        waits = delivery.status == Delivery.Status.PENDING
        return (spoken_time(delivery.due_at) if waits else None) or None

    @display(description="Enqueued", ordering="created_at")
    def enqueued(self, delivery: Delivery) -> str:
        return spoken_time(delivery.created_at)

    @display(description="Finished", ordering="finished_at")
    def finished(self, delivery: Delivery) -> str | None:
        return spoken_time(delivery.finished_at) or None

    @display(description="Size of the body")
    def size(self, delivery: Delivery) -> str:
        return f"{len(delivery.payload.body):,} bytes" if delivery.payload else "not rendered"

    @action(description="Send again", permissions=["replay"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        chosen = queryset.count()
        self.tell_replayed(request, replayed=replays.replay(queryset), chosen=chosen)

    def tell_replayed(self, request: HttpRequest, *, replayed: int, chosen: int) -> None:
        self.message_user(request, f"{replayed:,} of {chosen:,} are sent again.")
        if replayed < chosen:
            self.message_user(
                request,
                "The others are still on their way, or their endpoints are disabled.",
                messages.WARNING,
            )


@register(Delivery)
class DeliveryAdmin(DeliveryPages):
    ordering = ["-pk"]  # ids begin with their time: the key's own index, nothing sorted
    list_display = [
        *("event_type", "webhook", "coloured", "attempts_made", "next_attempt", "last_error"),
        "enqueued",
    ]
    list_filter = ["status", EventTypeFilter]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        known = lookup == "webhook__id__exact"  # the endpoint's page links here
        return known or super().lookup_allowed(lookup, value, request)
