"""Why an endpoint got an event, or did not: step by step, each with a code and in words.

The steps are those that the event went through: is it known, may it reach the endpoint, was it
wanted, and where is its message now. The last step is the answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from formplatform.core.actors import Actor
from formplatform.core.clock import to_text
from formplatform.core.errors import NotFoundError, PermissionDeniedError
from formplatform.forms.access import Role, get_form
from formplatform.forms.domain import JsonObject
from formplatform.forms.storage.registry import get_store
from integrations.webhooks.filtering.filters import clauses_of
from integrations.webhooks.models import Delivery, Event, Omission, Webhook

from . import waiting
from .absent import explain_absent
from .steps import Step, before_endpoint, unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """`was_sent`: True where the receiver has it, None where it may yet get it, else False."""

    event_id: str
    webhook_id: str
    was_sent: bool | None
    steps: list[Step] = field(default_factory=list)


def event_id_of(response_id: str, revision: int) -> str:
    """The event of a response's revision: its name never changes."""
    return f"evt_{response_id}_{revision}"


def explain(webhook: Webhook, event_id: str, *, actor: Actor) -> Explanation:
    """Why this endpoint got that event or not.

    Args:
        webhook: one the actor may see.
        event_id: any text; an event nobody knows has its answer too.
        actor: of forms that they may not edit they hear nothing, not even that an event exists.
    """
    steps = list(_steps(webhook, event_id, actor))
    return Explanation(
        event_id=event_id, webhook_id=webhook.pk, was_sent=steps[-1].sent, steps=steps
    )


def plain(explanation: Explanation) -> JsonObject:
    """As JSON."""
    return {
        "event_id": explanation.event_id,
        "webhook_id": explanation.webhook_id,
        "was_sent": explanation.was_sent,
        "steps": [
            {"code": step.code, "text": step.text, "details": step.details}
            for step in explanation.steps
        ],
    }


def _steps(webhook: Webhook, event_id: str, actor: Actor) -> Iterator[Step]:
    event = Event.objects.filter(pk=event_id).first()
    if event is None:
        yield from explain_absent(webhook, event_id, may_see=lambda form: _may_see(actor, form))
        return
    if not _reaches(event, webhook):
        yield _out_of_reach(webhook, event, actor)
        return
    yield Step("known", f"{event.type} happened at {to_text(event.occurred_at)}.")
    delivery = Delivery.objects.filter(webhook=webhook, event=event).first()
    if delivery is not None:
        yield Step("wanted", "The endpoint wants it, so there is a message for it.")
        yield from waiting.explain_delivery(delivery)
        return
    omission = Omission.objects.filter(webhook=webhook, event=event).first()
    if omission is not None:
        yield from _explain_omission(omission)
        return
    yield _undecided(webhook, event.occurred_at)


def _reaches(event: Event, webhook: Webhook) -> bool:
    """A message of its own, a test for instance, reaches it as well."""
    if event.deliveries.filter(webhook=webhook).exists():
        return True
    if webhook.form_id:
        return event.form_id == webhook.form_id
    form = get_store().find_form(event.form_id) if event.form_id else None
    return form is not None and form.owner_id == webhook.owner_id


def _out_of_reach(webhook: Webhook, event: Event, actor: Actor) -> Step:
    if not event.form_id or not _may_see(actor, event.form_id):
        return unknown()
    listens = f"form {webhook.form_id}" if webhook.form_id else "the forms of its owner"
    return Step(
        "out_of_reach",
        f"The event is of form {event.form_id}; this endpoint listens to {listens}.",
        sent=False,
        details={"form_id": event.form_id},
    )


def _explain_omission(omission: Omission) -> Iterator[Step]:
    trace: JsonObject = omission.trace
    if omission.reason == Omission.Reason.FILTER:
        yield from _clauses(trace)
    words = {
        Omission.Reason.TYPE: f"The endpoint listens to {_listed(trace)}, not to this event.",
        Omission.Reason.FILTER: "The endpoint's filter did not match.",
        Omission.Reason.DISABLED: "The endpoint was disabled then. Enable it with replay to send "
        "what it missed.",
        Omission.Reason.FORBIDDEN: "The endpoint's owner may not see the form any more.",
    }
    reason = Omission.Reason(omission.reason)
    yield Step(reason.value, words[reason], sent=False, details=trace)


def _listed(trace: JsonObject) -> str:
    return ", ".join(trace.get("listens_to", [])) or "nothing"


def _clauses(trace: JsonObject) -> Iterator[Step]:
    """Every comparison of the filter: what was asked, and what was there."""
    if "message" in trace:
        yield Step(f"filter_{trace['reason']}", str(trace["message"]))
    for place, clause in clauses_of(trace):
        yield Step("filter_clause", f"{place}: {_clause_words(clause)}", details=clause)


def _clause_words(clause: JsonObject) -> str:
    asked = f"{clause.get('field')} {clause.get('op')} {clause.get('value')!r}"
    if clause.get("masked"):
        found = "the answer is personal data and not shown"
    elif not clause.get("answered", True):
        found = "it was not answered"
    else:
        found = f"the answer was {clause.get('found')!r}"
    verdict = "holds" if clause.get("result") else "does not hold"
    return f"{asked}: {found}, so this part {verdict}."


def _undecided(webhook: Webhook, occurred_at: datetime) -> Step:
    if occurred_at < webhook.created_at:
        return before_endpoint(occurred_at, webhook.created_at)
    return Step(
        "undecided",
        "Nothing was written down for this endpoint: manage.py reconcile_webhooks --mend sends it.",
        sent=None,
    )


def _may_see(actor: Actor, form_id: str) -> bool:
    try:
        get_form(actor, form_id, role=Role.EDITOR)
    except (NotFoundError, PermissionDeniedError):
        return False
    return True
