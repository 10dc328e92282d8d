"""Events that are not in the table: pruned, still on their way, lost, or never there."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.conf import settings

from formplatform.core import clock
from formplatform.core.clock import to_text
from formplatform.forms.domain import FormResponse, Revision
from formplatform.forms.storage.registry import get_store
from integrations.webhooks.models import Webhook

from .steps import Step, before_endpoint, unknown

_OF_RESPONSE = re.compile(r"evt_([0-9a-f]{24})_([1-9][0-9]{0,8})")


def explain_absent(
    webhook: Webhook, event_id: str, *, may_see: Callable[[str], bool]
) -> Iterator[Step]:
    """What the form store says of an event that has no row.

    Args:
        webhook: the endpoint that is asked about.
        event_id: any text.
        may_see: whether the asker may edit a form, by id.
    """
    found = _revision_of(event_id)
    if found is None or not _reaches(webhook, found[1].form_id) or not may_see(found[1].form_id):
        yield unknown()
        return
    response, fact = found
    yield Step(
        "known",
        f"Revision {fact.revision} of response {fact.response_id} was stored at "
        f"{to_text(fact.at)}.",
    )
    yield _why_absent(webhook, response, fact)


def _why_absent(webhook: Webhook, response: FormResponse, fact: Revision) -> Step:
    if fact.at < webhook.created_at:
        return before_endpoint(fact.at, webhook.created_at)
    if response.dispatched_revision < fact.revision:
        return Step("not_published", "It is on its way from the form store: ask again in a minute.")
    if fact.at < clock.now() - timedelta(days=settings.WEBHOOK_RETENTION_DAYS):
        return Step(
            "pruned",
            f"What became of it was forgotten after {settings.WEBHOOK_RETENTION_DAYS} days.",
            sent=False,
        )
    return Step(
        "missing",
        "It never came to the webhooks: manage.py reconcile_webhooks --mend sends it.",
    )


def _revision_of(event_id: str) -> tuple[FormResponse, Revision] | None:
    """The response and the fact behind the id of an event."""
    match = _OF_RESPONSE.fullmatch(event_id)
    if match is None:
        return None
    response_id, revision = match[1], int(match[2])
    responses = get_store().find_responses([response_id])
    facts = get_store().find_revisions([(response_id, revision)])
    return (responses[0], facts[0]) if responses and facts else None


def _reaches(webhook: Webhook, form_id: str) -> bool:
    if webhook.form_id:
        return webhook.form_id == form_id
    form = get_store().find_form(form_id)
    return form is not None and form.owner_id == webhook.owner_id
