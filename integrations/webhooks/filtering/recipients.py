"""Which endpoints want which events, and why the others do not get them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Q

from formplatform.core.events import Event
from formplatform.forms.domain import Answers
from formplatform.forms.storage.registry import get_store
from integrations.webhooks.access import still_allowed
from integrations.webhooks.models import Omission, Webhook

from .filters import judge


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Whether an endpoint in reach of an event gets it; `trace` says how that was decided."""

    event: Event
    webhook: Webhook
    reason: Omission.Reason | None = None
    """Why it does not; None where it does."""
    trace: Mapping[str, object] = field(default_factory=dict)


def decide(events: Sequence[Event]) -> list[Decision]:
    """One decision per event and endpoint of its form, or of its form's owner."""
    owners = _owners_of({form_id for event in events if (form_id := _form_of(event))})
    candidates = Webhook.objects.filter(
        Q(form_id__in=owners) | Q(form_id="", owner_id__in=set(owners.values())),
        deleted_at__isnull=True,
    )
    by_form: dict[str, list[Webhook]] = defaultdict(list)
    by_owner: dict[int, list[Webhook]] = defaultdict(list)
    everybody = list(candidates.select_related("owner"))
    for webhook in everybody:
        (by_form[webhook.form_id] if webhook.form_id else by_owner[webhook.owner_id]).append(
            webhook
        )
    allowed = {webhook.pk for webhook in still_allowed(everybody)}
    return [
        _judge(event, webhook, is_allowed=webhook.pk in allowed)
        for event in events
        for webhook in by_form[_form_of(event)] + by_owner[owners.get(_form_of(event), 0)]
    ]


def filtered(decision: Decision, answers: Answers | None) -> Decision:
    """The decision, or that of the endpoint's filter where nothing else was against it."""
    if decision.reason is not None:
        return decision
    verdict = judge(
        decision.webhook.filter,
        decision.event,
        answers=answers,
        personal_allowed=decision.webhook.include_personal_data,
    )
    reason = None if verdict.matched else Omission.Reason.FILTER
    return replace(decision, reason=reason, trace=verdict.trace)


def _judge(event: Event, webhook: Webhook, *, is_allowed: bool) -> Decision:
    if not is_allowed:
        return Decision(event=event, webhook=webhook, reason=Omission.Reason.FORBIDDEN)
    if event.name not in webhook.events:
        listens = {"listens_to": list(webhook.events)}
        return Decision(event=event, webhook=webhook, reason=Omission.Reason.TYPE, trace=listens)
    if not webhook.is_enabled:
        why = {"disabled_reason": webhook.disabled_reason}
        return Decision(event=event, webhook=webhook, reason=Omission.Reason.DISABLED, trace=why)
    return Decision(event=event, webhook=webhook)


def _form_of(event: Event) -> str:
    return str(getattr(event, "form_id", ""))


def _owners_of(form_ids: set[str]) -> dict[str, int]:
    forms = [get_store().find_form(form_id) for form_id in form_ids]
    return {form.id: form.owner_id for form in forms if form is not None}
