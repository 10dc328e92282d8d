"""The life of an endpoint: make, change, rotate its secret, switch off and on, delete.

Whoever changes what the couriers read locks the lane first, as they do: nobody waits in a circle.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.views.decorators.debug import sensitive_variables

from formplatform.core import clock
from formplatform.core.errors import ConflictError, FieldError, InvalidInputError
from formplatform.forms.domain import JsonObject
from formplatform.forms.ids import new_id
from integrations.errors import RefusedTargetError
from integrations.outbound.targets import parse_target

from . import alerts, intake, rotation
from .events import DELIVERABLE_NAMES, TEST_NAME
from .filtering.filters import check_filter
from .lane_models import Lane
from .models import Delivery, Webhook
from .queue import breaker, lanes
from .queue.pace import RetryDelays, pace_errors, stored_delays
from .repeating import dead_letters, missed
from .shaping.escaping import DEFAULT_TYPE
from .shaping.presets.registry import PLAIN
from .writing import checks
from .writing.renderings import rendering_of


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointForm:
    """What a person decides about an endpoint."""

    url: str
    events: Collection[str]
    description: str = ""
    include_personal_data: bool = False
    asymmetric: bool = False
    """Whether messages are signed with an ed25519 key too."""
    filter: JsonObject | None = None
    selection: str = ""
    template: str = ""
    preset: str = PLAIN
    content_type: str = DEFAULT_TYPE
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    """Sent along with every message. None leaves those that are there: they are never shown."""
    ordering: str = Webhook.Ordering.NONE
    rate_per_minute: int | None = None
    retry_delays: RetryDelays = None


@sensitive_variables("secret")
def create_webhook(
    wanted: EndpointForm, *, owner_id: int, form_id: str, secret: str | None = None
) -> tuple[Webhook, str]:
    """A new endpoint and its secret, which is shown this once.

    Args:
        wanted: checked here.
        owner_id: the user it belongs to.
        form_id: empty for every form of the owner.
        secret: one that is in use already, instead of a new one.

    Raises:
        InvalidInputError: the URL or an event is not one we deliver to or of, the secret is weak,
            the filter asks what the form does not have, the template fails on a sample message, or
            the order, rate or schedule is not one we can keep.
    """
    webhook = Webhook(owner_id=owner_id, form_id=form_id)
    _fill(webhook, check_endpoint(wanted, form_id=form_id))
    with transaction.atomic():
        webhook.save(force_insert=True)
        lanes.lock([webhook.pk])
        rotation.match_public_keys(webhook)
        return webhook, rotation.add_secret(webhook, secret)


def form_of(webhook: Webhook) -> EndpointForm:
    """What was decided about an endpoint so far."""
    return EndpointForm(
        url=webhook.url,
        events=webhook.events,
        description=webhook.description,
        include_personal_data=webhook.include_personal_data,
        asymmetric=webhook.asymmetric,
        filter=webhook.filter,
        selection=webhook.selection,
        template=webhook.template,
        preset=webhook.preset,
        content_type=webhook.content_type,
        ordering=str(webhook.ordering),
        rate_per_minute=webhook.rate_per_minute,
        retry_delays=webhook.retry_delays,
    )


def update_webhook(webhook: Webhook, wanted: EndpointForm) -> None:
    """Change an endpoint; what is on its way goes to the new URL.

    Raises:
        InvalidInputError: see `create_webhook`.
    """
    _fill(webhook, check_endpoint(wanted, form_id=webhook.form_id))
    webhook.updated_at = clock.now()
    with transaction.atomic():
        webhook.save()
        rotation.match_public_keys(webhook)
        lanes.wake([webhook.pk], at=webhook.updated_at)  # it may go sooner, or in another order


def disable(webhook_id: str, *, reason: Webhook.DisabledReason) -> bool:
    """Switch an endpoint off; what waits for it becomes dead letters. False: it was off already."""
    now = clock.now()
    with transaction.atomic():
        lanes.lock([webhook_id])
        switched = Webhook.objects.filter(pk=webhook_id, status=Webhook.Status.ENABLED).update(
            status=Webhook.Status.DISABLED,
            disabled_reason=reason,
            disabled_at=Coalesce("disabled_at", Value(now)),
        )
        if not switched:
            return False
        _bury_waiting(webhook_id)
        alerts.tell_of_disabling(Webhook.objects.get(pk=webhook_id), reason=reason, at=now)
    return True


def enable(webhook: Webhook, *, replay: bool = False, seconds: float | None = None) -> int:
    """Switch an endpoint on; with `replay`, send what it missed. Returns how many messages.

    Missed is what became a dead letter, and what was left out while it was disabled. After so many
    `seconds` the task `webhooks.catch_up` goes on with it. Asked again, it goes on as well. Nothing
    else of before counts: neither how long it failed nor what held its messages up.
    """
    webhook.status = Webhook.Status.ENABLED
    webhook.disabled_reason = ""
    webhook.updated_at = clock.now()
    if not replay:
        webhook.disabled_at = None
    with transaction.atomic():
        lane = lanes.lock([webhook.pk])[webhook.pk]
        webhook.save(update_fields=["status", "disabled_reason", "updated_at", "disabled_at"])
        breaker.begin_anew(lane)
        lane.save(force_update=True)
        lanes.wake([webhook.pk], at=webhook.updated_at)
    return missed.send_missed(webhook, seconds=seconds) if replay else 0


def delete_webhook(webhook: Webhook) -> None:
    """Delete an endpoint, its secrets and headers; its deliveries stay readable in the admin."""
    now = clock.now()
    with transaction.atomic():
        lanes.lock([webhook.pk])
        webhook.deleted_at = now
        webhook.status = Webhook.Status.DISABLED
        webhook.set_headers({})
        webhook.save()
        webhook.secrets.all().delete()
        _bury_waiting(webhook.pk)


def send_test(webhook: Webhook) -> Delivery:
    """Put a `webhook.test` message on its way.

    Raises:
        ConflictError: the endpoint is disabled.
    """
    if not webhook.is_enabled:
        raise ConflictError("The endpoint is disabled: enable it first.")
    data = {"webhook_id": webhook.pk, "message": "This is a test: no response was submitted."}
    return intake.enqueue_message(
        webhook, event_id=f"evt_{new_id()}_test", event_type=TEST_NAME, data=data
    )


def _bury_waiting(webhook_id: str) -> None:
    waiting = Delivery.objects.filter(webhook=webhook_id, status=Delivery.Status.PENDING)
    buried = dead_letters.bury(waiting, reason=Delivery.DeadReason.DISABLED, at=clock.now())
    Lane.objects.filter(pk=webhook_id).update(dead_total=F("dead_total") + buried)


def check_endpoint(wanted: EndpointForm, *, form_id: str) -> EndpointForm:
    """What was decided, in stored form. Raises InvalidInputError: see `create_webhook`."""
    errors = []
    try:
        parse_target(wanted.url)
    except RefusedTargetError as refusal:
        errors.append(FieldError("url", refusal.reason, refusal.message))
    checked, found = _checked_messages(wanted, form_id)
    errors += [*found, *checks.header_errors(wanted.headers or {})]
    if errors:
        raise InvalidInputError("The endpoint cannot be saved.", errors=errors)
    return checked


def check_messages(wanted: EndpointForm, *, form_id: str) -> EndpointForm:
    """As `check_endpoint`, but for where the messages go."""
    checked, errors = _checked_messages(wanted, form_id)
    if errors:
        raise InvalidInputError("The messages cannot be made.", errors=errors)
    return checked


def _checked_messages(wanted: EndpointForm, form_id: str) -> tuple[EndpointForm, list[FieldError]]:
    errors = []
    unknown = sorted(set(wanted.events) - set(DELIVERABLE_NAMES))
    if unknown or not wanted.events:
        known = ", ".join(DELIVERABLE_NAMES)
        errors.append(FieldError("events", "unknown_event", f"Choose from {known}."))
    filter_, found = check_filter(
        wanted.filter, form_id=form_id, personal_allowed=wanted.include_personal_data
    )
    rendering = rendering_of(wanted)
    errors += [
        *found,
        *checks.rendering_errors(rendering, form_id=form_id, events=wanted.events),
        *pace_errors(
            ordering=wanted.ordering,
            rate_per_minute=wanted.rate_per_minute,
            retry_delays=wanted.retry_delays,
        ),
    ]
    return replace(wanted, filter=filter_), errors


def _fill(webhook: Webhook, wanted: EndpointForm) -> None:
    webhook.url = wanted.url
    webhook.events = sorted(set(wanted.events))
    webhook.description = wanted.description
    webhook.include_personal_data = wanted.include_personal_data
    webhook.asymmetric = wanted.asymmetric
    webhook.filter = wanted.filter
    webhook.selection = wanted.selection
    webhook.template = wanted.template
    webhook.preset = wanted.preset
    webhook.content_type = wanted.content_type
    webhook.ordering = wanted.ordering
    webhook.rate_per_minute = wanted.rate_per_minute
    webhook.retry_delays = stored_delays(wanted.retry_delays)
    if wanted.headers is not None:
        webhook.set_headers(wanted.headers)
