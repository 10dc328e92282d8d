"""A dry run: what settings nobody saved would have sent of what happened already.

Nothing is written. Events that were kept are taken as they were; of a time from which none were
kept, every response counts as submitted once.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from formplatform.core.clock import to_text
from formplatform.core.events import Event as DomainEvent, event_from
from formplatform.forms.domain import FormResponse, JsonObject
from formplatform.forms.events import ResponseSubmitted
from formplatform.forms.storage.base import FormQuery, ResponseQuery
from formplatform.forms.storage.registry import get_store

from .endpoints import EndpointForm, check_messages
from .filtering.filters import Verdict, clauses_of, judge
from .models import Event
from .writing.messages import read_answers, render_payloads
from .writing.renderings import Rendering, rendering_of

MOST_EVENTS = 1_000
BATCH = 100
MOST_SECONDS = 10.0
MOST_SAMPLES = 5
MOST_FAILURES = 20
MOST_FORMS = 100
SHOWN_CHARACTERS = 4_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Whose events, of which form (empty: every form of the owner), from when to when."""

    owner_id: int
    form_id: str
    since: datetime
    until: datetime


@dataclass(kw_only=True, slots=True)
class Clause:
    """What one comparison of the filter came to."""

    place: str
    field: str
    op: str
    value: object
    true: int = 0
    false: int = 0
    unanswered: int = 0


@dataclass(kw_only=True, slots=True)
class Report:
    """What would have happened, by "events", or by "responses" where no events were kept."""

    based_on: str
    considered: int = 0
    sent: int = 0
    failed: int = 0
    not_sent: dict[str, int] = field(default_factory=dict)
    """Reason of the filter → how many."""
    is_complete: bool = True
    """False where there was more than `limit`, or it took too long: the newest were looked at."""
    bytes_sent: int = 0
    samples: list[JsonObject] = field(default_factory=list)
    failures: list[JsonObject] = field(default_factory=list)
    clauses: dict[str, Clause] = field(default_factory=dict)


def dry_run(wanted: EndpointForm, reach: Reach, *, limit: int = MOST_EVENTS) -> Report:
    """Which past events settings would have sent, and what, the newest first.

    Args:
        wanted: checked as when it is saved; nothing of it is stored.
        reach: what to look at. Whether the caller may is the caller's to check.
        limit: how many events to look at, at most MOST_EVENTS.

    Raises:
        InvalidInputError: the settings could not be saved.
    """
    checked = check_messages(wanted, form_id=reach.form_id)
    most = min(limit, MOST_EVENTS)
    events, source = _events_of(checked, reach, most + 1)
    report = Report(based_on=source, is_complete=len(events) <= most)
    events = events[:most]
    ends_at = time.monotonic() + MOST_SECONDS
    for start in range(0, len(events), BATCH):
        if time.monotonic() > ends_at:
            report.is_complete = False
            break
        _look_at(events[start : start + BATCH], checked, report)
    return report


def _events_of(wanted: EndpointForm, reach: Reach, limit: int) -> tuple[list[DomainEvent], str]:
    rows = Event.objects.filter(
        form_id__in=_forms_of(reach),
        type__in=list(wanted.events),
        occurred_at__gte=reach.since,
        occurred_at__lt=reach.until,
    ).exclude(data={})
    kept = list(rows.order_by("-occurred_at", "-pk").values_list("data", flat=True)[:limit])
    if kept or ResponseSubmitted.name not in wanted.events:
        return [event_from(data) for data in kept], "events"
    return list(_as_submitted(_responses(reach, limit))), "responses"


def _responses(reach: Reach, limit: int) -> list[FormResponse]:
    found: list[FormResponse] = []
    for form_id in _forms_of(reach):
        query = ResponseQuery(
            form_id=form_id,
            submitted_from=reach.since,
            submitted_before=reach.until,
            limit=limit - len(found),
        )
        found += get_store().page_responses(query)
        if len(found) >= limit:
            break
    return sorted(found, key=lambda each: (each.submitted_at, each.id), reverse=True)


def _as_submitted(responses: Sequence[FormResponse]) -> Iterator[DomainEvent]:
    for each in responses:
        yield ResponseSubmitted(
            id=f"evt_{each.id}_1",
            occurred_at=to_text(each.submitted_at),
            form_id=each.form_id,
            response_id=each.id,
            revision=1,
            version=each.version,
        )


def _forms_of(reach: Reach) -> list[str]:
    if reach.form_id:
        return [reach.form_id]
    own = get_store().list_forms(FormQuery(owner_id=reach.owner_id, limit=MOST_FORMS))
    return [form.id for form in own.items]


def _look_at(events: Sequence[DomainEvent], wanted: EndpointForm, report: Report) -> None:
    answers, rendering = read_answers(events), rendering_of(wanted)
    matched = []
    for event in events:
        verdict = judge(
            wanted.filter,
            event,
            answers=answers.get(event.id),
            personal_allowed=wanted.include_personal_data,
        )
        _count(verdict, report)
        if verdict.matched:
            matched.append(event)
    rendered = render_payloads({event: [rendering] for event in matched}, answers=answers)
    for event in matched:
        failure = rendered.failures.get((event.id, rendering))
        if failure is None:
            _add_body(event, rendering, rendered.bodies[event.id, rendering], report)
            continue
        report.failed += 1
        if len(report.failures) < MOST_FAILURES:
            told = {"reason": failure.code, "message": failure.message}
            report.failures.append({**_named(event), **told})


def _add_body(event: DomainEvent, rendering: Rendering, body: bytes, report: Report) -> None:
    report.sent += 1
    report.bytes_sent += len(body)
    if len(report.samples) < MOST_SAMPLES:
        text = body.decode("utf-8", "replace")[:SHOWN_CHARACTERS]
        shown = {"content_type": rendering.content_type, "bytes": len(body), "body": text}
        report.samples.append({**_named(event), **shown})


def _named(event: DomainEvent) -> JsonObject:
    return {"event_id": event.id, "event_type": event.name, "occurred_at": event.occurred_at}


def _count(verdict: Verdict, report: Report) -> None:
    report.considered += 1
    if not verdict.matched:
        reason = verdict.trace["reason"]
        report.not_sent[reason] = report.not_sent.get(reason, 0) + 1
    for place, told in clauses_of(verdict.trace):
        empty = Clause(place=place, field=told["field"], op=told["op"], value=told["value"])
        clause = report.clauses.setdefault(place, empty)
        clause.true += bool(told["result"])
        clause.false += not told["result"]
        clause.unanswered += not told["answered"]
