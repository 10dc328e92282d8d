"""The life of an endpoint: make, change, rotate its secret, switch off and on, delete.

Whoever changes what the couriers read locks the lane first, as they do: nobody waits in a circle.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce

from formplatform.core import clock
from formplatform.core.errors import ConflictError, FieldError, InvalidInputError
from formplatform.core.publishing import publish
from formplatform.forms.ids import new_id
from integrations import encryption
from integrations.errors import RefusedTargetError
from integrations.outbound.targets import parse_target

from . import dead_letters, intake, lanes, missed
from .events import DELIVERABLE_NAMES, TEST_NAME, WebhookDisabled
from .models import Delivery, SigningSecret, Webhook
from .security import generate_secret

GRACE = timedelta(hours=24)
"""How long the previous secret keeps signing beside the new one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointForm:
    """What a person decides about an endpoint."""

    url: str
    events: Collection[str]
    description: str = ""
    include_personal_data: bool = False


def create_webhook(wanted: EndpointForm, *, owner_id: int, form_id: str) -> tuple[Webhook, str]:
    """A new endpoint and its secret, which is shown this once.

    Args:
        wanted: checked here.
        owner_id: the user it belongs to.
        form_id: empty for every form of the owner.

    Raises:
        InvalidInputError: the URL or an event is not one we deliver to or of.
    """
    check_endpoint(wanted)
    webhook = Webhook(owner_id=owner_id, form_id=form_id)
    _fill(webhook, wanted)
    with transaction.atomic():
        webhook.save(force_insert=True)
        lanes.lock([webhook.pk])
        return webhook, _add_secret(webhook)


def form_of(webhook: Webhook) -> EndpointForm:
    """What was decided about an endpoint so far."""
    return EndpointForm(
        url=webhook.url,
        events=webhook.events,
        description=webhook.description,
        include_personal_data=webhook.include_personal_data,
    )


def update_webhook(webhook: Webhook, wanted: EndpointForm) -> None:
    """Change an endpoint; what is on its way goes to the new URL.

    Raises:
        InvalidInputError: see `create_webhook`.
    """
    check_endpoint(wanted)
    _fill(webhook, wanted)
    webhook.updated_at = clock.now()
    webhook.save()


def rotate_secret(webhook: Webhook) -> str:
    """A new secret, shown this once. The one before signs along for a day, older ones end now."""
    now = clock.now()
    with transaction.atomic():
        older = webhook.secrets.values_list("pk", flat=True)[1:]
        webhook.secrets.filter(pk__in=list(older)).delete()
        webhook.secrets.update(expires_at=now + GRACE)
        return _add_secret(webhook)


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
        event = WebhookDisabled(
            id=f"evt_{new_id()}",
            occurred_at=clock.to_text(now),
            webhook_id=webhook_id,
            form_id=Webhook.objects.values_list("form_id", flat=True).get(pk=webhook_id),
            reason=reason.value,
        )
        transaction.on_commit(partial(publish, [event]), robust=True)
    return True


def enable(webhook: Webhook, *, replay: bool = False, seconds: float | None = None) -> int:
    """Switch an endpoint on; with `replay`, send what it missed. Returns how many messages.

    Missed is what became a dead letter, and what was left out while it was disabled. After so many
    `seconds` the task `webhooks.catch_up` goes on with it. Asked again, it goes on as well.
    """
    webhook.status = Webhook.Status.ENABLED
    webhook.disabled_reason = ""
    webhook.updated_at = clock.now()
    if not replay:
        webhook.disabled_at = None
    with transaction.atomic():
        lanes.lock([webhook.pk])
        webhook.save(update_fields=["status", "disabled_reason", "updated_at", "disabled_at"])
    return missed.send_missed(webhook, seconds=seconds) if replay else 0


def delete_webhook(webhook: Webhook) -> None:
    """Delete an endpoint: its secrets at once, its deliveries stay readable in the admin."""
    now = clock.now()
    with transaction.atomic():
        lanes.lock([webhook.pk])
        webhook.deleted_at = now
        webhook.status = Webhook.Status.DISABLED
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
    dead_letters.bury(waiting, reason=Delivery.DeadReason.DISABLED, at=clock.now())


def check_endpoint(wanted: EndpointForm) -> None:
    """Raise `InvalidInputError` where the URL or an event is not one we deliver to or of."""
    errors = []
    try:
        parse_target(wanted.url)
    except RefusedTargetError as refusal:
        errors.append(FieldError("url", refusal.reason, refusal.message))
    unknown = sorted(set(wanted.events) - set(DELIVERABLE_NAMES))
    if unknown or not wanted.events:
        known = ", ".join(DELIVERABLE_NAMES)
        errors.append(FieldError("events", "unknown_event", f"Choose from {known}."))
    if errors:
        raise InvalidInputError("The endpoint cannot be saved.", errors=errors)


def _fill(webhook: Webhook, wanted: EndpointForm) -> None:
    webhook.url = wanted.url
    webhook.events = sorted(set(wanted.events))
    webhook.description = wanted.description
    webhook.include_personal_data = wanted.include_personal_data


def _add_secret(webhook: Webhook) -> str:
    secret = generate_secret()
    SigningSecret.objects.create(
        webhook=webhook, sealed=encryption.seal(secret, context=webhook.pk)
    )
    return secret
