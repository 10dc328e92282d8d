"""Which endpoints want which events."""

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Q

from formplatform.core.events import Event
from formplatform.forms.storage.registry import get_store

from .access import still_allowed
from .models import Webhook


def endpoints_for(events: Sequence[Event]) -> list[tuple[Event, Webhook]]:
    """Every pair of an event and an enabled endpoint of its form, or of its form's owner."""
    owners = _owners_of({form_id for event in events if (form_id := _form_of(event))})
    candidates = Webhook.objects.filter(
        Q(form_id__in=owners) | Q(form_id="", owner_id__in=set(owners.values())),
        status=Webhook.Status.ENABLED,
        deleted_at__isnull=True,
    )
    by_form: dict[str, list[Webhook]] = defaultdict(list)
    by_owner: dict[int, list[Webhook]] = defaultdict(list)
    for webhook in still_allowed(candidates.select_related("owner")):
        (by_form[webhook.form_id] if webhook.form_id else by_owner[webhook.owner_id]).append(
            webhook
        )
    return [
        (event, webhook)
        for event in events
        for webhook in by_form[_form_of(event)] + by_owner[owners.get(_form_of(event), 0)]
        if event.name in webhook.events
    ]


def _form_of(event: Event) -> str:
    return str(getattr(event, "form_id", ""))


def _owners_of(form_ids: set[str]) -> dict[str, int]:
    forms = [get_store().find_form(form_id) for form_id in form_ids]
    return {form.id: form.owner_id for form in forms if form is not None}
