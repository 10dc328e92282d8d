"""Who may see and change which endpoints: the owners and editors of what they listen to."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from formplatform.core.actors import Actor
from formplatform.core.errors import NotFoundError, PermissionDeniedError
from formplatform.forms.access import RANK, Role, get_form
from formplatform.forms.ids import is_id
from formplatform.forms.memberships import FormMembership
from formplatform.forms.storage.base import FormQuery
from formplatform.forms.storage.registry import get_store

from .models import Delivery, Webhook

MOST_FORMS = 10_000


def visible_webhooks(actor: Actor) -> QuerySet[Webhook]:
    """Endpoints of forms the actor may edit, and their own for every form of theirs."""
    live = Webhook.objects.filter(deleted_at__isnull=True)
    if actor.is_anonymous and not actor.is_staff:
        return live.none()
    if actor.form_ids is not None:
        # A key for some forms reaches no endpoint that listens to others.
        live = live.filter(form_id__in=actor.form_ids)
    if actor.is_staff:
        return live
    return live.filter(Q(form_id="", owner=actor.user_id) | Q(form_id__in=_editable(actor)))


def get_webhook(actor: Actor, webhook_id: str) -> Webhook:
    """Raises NotFoundError for whoever may not edit what it listens to."""
    live = Webhook.objects.filter(deleted_at__isnull=True)
    found = live.filter(pk=webhook_id).first() if is_id(webhook_id) else None
    if found is None or not _manages(actor, found):
        raise NotFoundError("There is no such webhook.", webhook_id=webhook_id[:64])
    return found


def visible_deliveries(actor: Actor) -> QuerySet[Delivery]:
    return Delivery.objects.filter(webhook__in=visible_webhooks(actor)).select_related("event")


def get_delivery(actor: Actor, delivery_id: str) -> Delivery:
    """Raises NotFoundError."""
    known = Delivery.objects.filter(webhook__deleted_at__isnull=True)
    found = None
    if is_id(delivery_id):
        found = known.select_related("event", "webhook").filter(pk=delivery_id).first()
    if found is None or not _manages(actor, found.webhook):
        raise NotFoundError("There is no such delivery.", delivery_id=delivery_id[:64])
    return found


def check_may_listen(actor: Actor, form_id: str) -> None:
    """Whether the actor may make an endpoint of this form; empty for all forms of theirs.

    Raises:
        NotFoundError, PermissionDeniedError: not of this form, or not with this key.
    """
    if form_id:
        get_form(actor, form_id, role=Role.EDITOR)
    elif actor.form_ids is not None:
        raise PermissionDeniedError("This key is for some forms only: name one of them.")


def still_allowed(webhooks: Iterable[Webhook]) -> list[Webhook]:
    """Those whose owners may still edit what they listen to: a leaver's endpoint gets nothing."""
    return [
        webhook
        for webhook in webhooks
        if webhook.owner.is_active
        and _manages(Actor(user_id=webhook.owner_id, is_staff=webhook.owner.is_staff), webhook)
    ]


def _manages(actor: Actor, webhook: Webhook) -> bool:
    if not webhook.form_id and not actor.is_staff and webhook.owner_id != actor.user_id:
        return False
    try:
        check_may_listen(actor, webhook.form_id)
    except (NotFoundError, PermissionDeniedError):
        return False
    return True


def _editable(actor: Actor) -> list[str]:
    """Forms the actor owns or edits."""
    own = get_store().list_forms(FormQuery(owner_id=actor.user_id, limit=MOST_FORMS)).items
    roles = [role for role, rank in RANK.items() if rank >= RANK[Role.EDITOR]]
    shared = FormMembership.objects.filter(user_id=actor.user_id or 0, role__in=roles)
    return [form.id for form in own] + list(shared.values_list("form_id", flat=True))
