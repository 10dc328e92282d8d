"""The admin: endpoints with their health, deliveries with their attempts, dead letters."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_variables

from formplatform.core.admin_theme import (
    Colour,
    ModelAdmin,
    TabularInline,
    action,
    display,
    register,
)
from formplatform.core.errors import PlatformError
from formplatform.core.figures import Figure, register_figure
from formplatform.forms.storage.registry import get_store

from . import endpoints, missed, replays
from .admin_explaining import ExplainAction, ExplainPage
from .admin_forms import WebhookForm
from .admin_secrets import SecretPages
from .events import DELIVERABLE_NAMES, TEST_NAME
from .health import Health, health_of, with_health
from .models import Attempt, DeadLetter, Delivery, Webhook

HEALTH_COLOURS = {
    Health.HEALTHY.value: Colour.GOOD,
    Health.FAILING.value: Colour.WARNING,
    Health.DOWN.value: Colour.BAD,
    Health.QUIET.value: Colour.QUIET,
    Health.DISABLED.value: Colour.QUIET,
}
STATUS_COLOURS = {
    Delivery.Status.PENDING.value: Colour.BUSY,
    Delivery.Status.SENDING.value: Colour.BUSY,
    Delivery.Status.DELIVERED.value: Colour.GOOD,
    Delivery.Status.DEAD.value: Colour.BAD,
}
ATTEMPT_FIELDS = (
    "number",
    "state",
    "started",
    "took",
    "status_code",
    "what",
    "peer",
    "response",
)
DELIVERY_FIELDS = (
    "webhook",
    "event_type",
    "event_id",
    "state",
    "reason",
    "last_error",
    "attempts_made",
    "next_attempt",
    "enqueued",
    "finished",
    "size",
)

register_figure(
    Figure(
        label="Dead letters",
        count=lambda: Delivery.objects.filter(status=Delivery.Status.DEAD).count(),
        page="admin:integrations_deadletter_changelist",
        permission="integrations.view_deadletter",
        wanted=0,
    )
)
register_figure(
    Figure(
        label="Webhooks on their way",
        count=lambda: Delivery.objects.filter(due_at__isnull=False).count(),
        page="admin:integrations_delivery_changelist",
        permission="integrations.view_delivery",
    )
)

LONGEST_REPLAY_SECONDS = 5.0
"""What is left after so long is sent in the background."""


def _precise(moment: datetime) -> str:
    """To the millisecond: the schedule's first waits are seconds."""
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}"


@register(Webhook)
class WebhookAdmin(ExplainPage, SecretPages):
    form = WebhookForm
    list_display = ["name", "health", "last_day", "last_success", "of_form", "owner"]
    list_filter = ["status", "disabled_reason"]
    search_fields = ["url", "description", "form_id", "owner__username"]
    list_select_related = ["owner"]
    list_per_page = 25
    autocomplete_fields = ["owner"]
    actions = [
        "send_test",
        *SecretPages.secret_actions,
        "enable",
        "enable_and_replay",
        "disable",
        "ask_why",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        return with_health(super().get_queryset(request).filter(deleted_at__isnull=True))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"owner": request.user.pk}

    def get_readonly_fields(self, request: HttpRequest, obj: Webhook | None = None) -> list[str]:
        return [] if obj is None else ["owner", "form_id"]

    @display(description="Endpoint", ordering="description")
    def name(self, webhook: Webhook) -> str:
        return str(webhook)

    @display(description="Health", colours=HEALTH_COLOURS)
    def health(self, webhook: Webhook) -> str:
        return health_of(webhook).value

    @display(description="Last 24 hours")
    def last_day(self, webhook: Webhook) -> str | None:
        counted = vars(webhook)
        parts = {
            "delivered": counted["delivered_count"],
            "waiting": counted["waiting_count"],
            "dead": counted["dead_count"],
        }
        return ", ".join(f"{number:,} {name}" for name, number in parts.items() if number) or None

    @display(description="Last success")
    def last_success(self, webhook: Webhook) -> object:
        return vars(webhook)["last_delivered_at"]

    @display(description="Form", ordering="form_id")
    def of_form(self, webhook: Webhook) -> str:
        if not webhook.form_id:
            return "every form"
        form = get_store().find_form(webhook.form_id)
        return form.title if form else f"{webhook.form_id} (deleted)"

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

    @action(description="Send a test message", permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            try:
                endpoints.send_test(webhook)
            except PlatformError as error:
                self.message_user(request, f"{webhook}: {error.message}", messages.ERROR)
            else:
                self.message_user(request, f"{webhook}: a test message is on its way.")

    @action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            endpoints.enable(webhook)
        self.message_user(request, "Enabled.")

    @action(description="Enable and send again what was missed", permissions=["change"])
    def enable_and_replay(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            replayed = endpoints.enable(webhook, replay=True, seconds=LONGEST_REPLAY_SECONDS)
            left = missed.missed_by(webhook).count()
            more = f" {left:,} more follow within a minute." if left else ""
            told = f"{webhook}: enabled, {replayed:,} missed messages are on their way.{more}"
            self.message_user(request, told)

    @action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            endpoints.disable(webhook.pk, reason=Webhook.DisabledReason.BY_OWNER)
        self.message_user(request, "Disabled; what waited became dead letters.")


class AttemptInline(TabularInline[Attempt, Delivery]):
    model = Attempt
    fields = ATTEMPT_FIELDS
    readonly_fields = ATTEMPT_FIELDS
    extra = 0
    can_delete = False
    hide_title = True
    verbose_name_plural = "timeline"

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    @display(description="Outcome")
    def state(self, attempt: Attempt) -> str:
        return attempt.get_outcome_display()

    @display(description="Started (UTC)")
    def started(self, attempt: Attempt) -> str:
        return _precise(attempt.started_at)

    @display(description="Took")
    def took(self, attempt: Attempt) -> str | None:
        return None if attempt.duration_ms is None else f"{attempt.duration_ms:,} ms"

    @display(description="Error")
    def what(self, attempt: Attempt) -> str | None:
        return attempt.error or None


class EventTypeFilter(SimpleListFilter):
    """By the known names: asking the table which there are would read all of it."""

    title = "event"
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in (*DELIVERABLE_NAMES, TEST_NAME)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(event__type=self.value()) if self.value() else queryset


class _DeliveryPages(ExplainAction, ModelAdmin[Delivery]):
    """What deliveries and dead letters share: they are read and sent again, never edited."""

    list_select_related = ["webhook", "event"]
    search_fields = ["=id", "=event__id", "=event__response_id", "=webhook__id"]
    list_per_page = 50
    show_full_result_count = False
    inlines = [AttemptInline]
    actions = ["send_again", "ask_why"]
    fields = DELIVERY_FIELDS
    readonly_fields = DELIVERY_FIELDS

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("integrations.change_delivery"))

    @display(description="Event", ordering="event__type")
    def event_type(self, delivery: Delivery) -> str:
        return delivery.event.type

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

    @display(description="Next attempt (UTC)", ordering="due_at")
    def next_attempt(self, delivery: Delivery) -> str | None:
        waits = delivery.status == Delivery.Status.PENDING and delivery.due_at
        return _precise(waits) if waits else None

    @display(description="Enqueued (UTC)", ordering="created_at")
    def enqueued(self, delivery: Delivery) -> str:
        return _precise(delivery.created_at)

    @display(description="Finished (UTC)", ordering="finished_at")
    def finished(self, delivery: Delivery) -> str | None:
        return _precise(delivery.finished_at) if delivery.finished_at else None

    @display(description="Size of the body")
    def size(self, delivery: Delivery) -> str:
        return f"{len(delivery.payload.body):,} bytes" if delivery.payload else "not rendered"

    @action(description="Send again", permissions=["replay"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        chosen = queryset.count()
        replayed = replays.replay(queryset)
        self.message_user(request, f"{replayed} of {chosen} are sent again.")
        if replayed < chosen:
            self.message_user(
                request,
                "The others are still on their way, or their endpoints are disabled.",
                messages.WARNING,
            )


@register(Delivery)
class DeliveryAdmin(_DeliveryPages):
    list_display = [
        "event_type",
        "webhook",
        "coloured",
        "attempts_made",
        "next_attempt",
        "last_error",
        "enqueued",
    ]
    list_filter = ["status", EventTypeFilter]

    def has_delete_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False


@register(DeadLetter)
class DeadLetterAdmin(_DeliveryPages):
    list_display = [
        "event_type",
        "webhook",
        "reason",
        "last_error",
        "attempts_made",
        "finished",
    ]
    list_filter = ["dead_reason", EventTypeFilter]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).filter(status=Delivery.Status.DEAD)
