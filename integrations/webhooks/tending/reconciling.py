"""Comparing what is stored with what the webhooks know of it, and mending what is missing.

For every endpoint in reach of a form, every revision of its responses that came after the endpoint
was made must have a delivery, or an omission that says why not. The ids of events follow from the
responses, so mending twice makes nothing twice.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from formplatform.core import clock
from formplatform.forms.domain import Form, FormResponse
from formplatform.forms.events import ResponseEvent
from formplatform.forms.owed import events_of_responses
from formplatform.forms.storage.base import FormQuery
from formplatform.forms.storage.registry import get_store
from integrations.webhooks import intake
from integrations.webhooks.models import Delivery, Omission, Webhook

BATCH = 500
FORMS_AT_ONCE = 200
MARGIN = timedelta(hours=1)
"""What is about to be pruned is not compared any more."""
STILL_ON_ITS_WAY = timedelta(minutes=5)
"""Younger revisions may not have come to the webhooks yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """An event of which an endpoint has neither a delivery nor an omission."""

    webhook_id: str
    event_id: str
    form_id: str
    occurred_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What came of a comparison. `compared` counts pairs of an event and an endpoint."""

    compared: int
    gaps: list[Gap]
    mended: int


def reconcile(
    form_ids: Sequence[str] | None = None,
    *,
    since: datetime,
    until: datetime | None = None,
    mend: bool = False,
    progress: Callable[[int], object] = lambda _: None,
) -> Found:
    """Find, and with `mend` enqueue, what endpoints should know of and do not.

    Args:
        form_ids: None for every form that has an endpoint.
        since: revisions made at or after; at the earliest what is not pruned yet.
        until: and before; at the latest five minutes ago, as younger ones are on their way.
        mend: send what is missing, behind new messages.
        progress: told how many responses were compared.
    """
    settled = clock.now() - STILL_ON_ITS_WAY
    kept_since = clock.now() - timedelta(days=settings.WEBHOOK_RETENTION_DAYS) + MARGIN
    span = (max(since, kept_since), settled if until is None else min(until, settled))
    compared, gaps, mended = 0, [], 0
    for form in _forms(form_ids):
        webhooks = _endpoints_of(form)
        for responses in _changed(form.id, span[0]) if webhooks else ():
            events = [each for each in _events_of(responses) if _is_within(each, span)]
            expected = [(e, w) for e in events for w in webhooks if _at(e) >= w.created_at]
            missing = _missing(expected)
            compared += len(expected)
            gaps += [_gap(event, webhook) for event, webhook in missing]
            mended += _mend(missing) if mend else 0
            progress(len(responses))
    return Found(compared=compared, gaps=gaps, mended=mended)


def _mend(missing: Sequence[tuple[ResponseEvent, Webhook]]) -> int:
    by_endpoint: dict[str, list[ResponseEvent]] = defaultdict(list)
    for event, webhook in missing:
        by_endpoint[webhook.pk].append(event)
    for webhook_id, events in by_endpoint.items():
        intake.enqueue_deliveries(events, only={webhook_id}, late=True)
    return len(missing) - len(_missing(missing))


def _forms(form_ids: Sequence[str] | None) -> Iterator[Form]:
    store = get_store()
    if form_ids is not None:
        yield from (form for form_id in form_ids if (form := store.find_form(form_id)) is not None)
        return
    live = Webhook.objects.filter(deleted_at__isnull=True)
    named = set(live.exclude(form_id="").values_list("form_id", flat=True))
    yield from (form for form_id in sorted(named) if (form := store.find_form(form_id)))
    owners = set(live.filter(form_id="").values_list("owner_id", flat=True))
    for owner_id in sorted(owners):
        offset = 0
        while page := store.list_forms(
            FormQuery(owner_id=owner_id, limit=FORMS_AT_ONCE, offset=offset)
        ).items:
            yield from (form for form in page if form.id not in named)
            offset += len(page)


def _endpoints_of(form: Form) -> list[Webhook]:
    reach = Q(form_id=form.id) | Q(form_id="", owner_id=form.owner_id)
    return list(Webhook.objects.filter(reach, deleted_at__isnull=True).order_by("pk"))


def _changed(form_id: str, since: datetime) -> Iterator[list[FormResponse]]:
    return get_store().scan_changes(form_id, since=since, batch=BATCH)


def _events_of(responses: Sequence[FormResponse]) -> list[ResponseEvent]:
    """The events of every revision, published or not."""
    return list(events_of_responses([replace(each, dispatched_revision=0) for each in responses]))


def _is_within(event: ResponseEvent, span: tuple[datetime, datetime]) -> bool:
    return span[0] <= _at(event) < span[1]


def _at(event: ResponseEvent) -> datetime:
    return datetime.fromisoformat(event.occurred_at)


def _missing(
    expected: Sequence[tuple[ResponseEvent, Webhook]],
) -> list[tuple[ResponseEvent, Webhook]]:
    webhook_ids = {webhook.pk for _, webhook in expected}
    event_ids = {event.id for event, _ in expected}
    known: set[tuple[str, str]] = set()
    for table in (Delivery.objects, Omission.objects):
        rows = table.filter(webhook__in=webhook_ids, event__in=event_ids)
        known.update(rows.values_list("event_id", "webhook_id"))
    return [(event, webhook) for event, webhook in expected if (event.id, webhook.pk) not in known]


def _gap(event: ResponseEvent, webhook: Webhook) -> Gap:
    return Gap(
        webhook_id=webhook.pk,
        event_id=event.id,
        form_id=event.form_id,
        occurred_at=event.occurred_at,
    )
