"""The queue is a table: what is due, who has taken it, and until when.

Taking a delivery up writes its lease and opens its attempt in one transaction, before any call.
A worker that dies leaves an open attempt and a lease that ends; whoever takes the delivery up next
closes that attempt as "unknown outcome" and sends the same message, under the same id, again.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Min, QuerySet

from formplatform.core import clock
from formplatform.core.events import Event as DomainEvent
from formplatform.forms.domain import JsonObject
from integrations.encryption import UnsealError

from . import dead_letters, doorbell
from .models import Attempt, Delivery, Event, Payload, Webhook
from .recipients import endpoints_for
from .templates import Rendering, encode, render_payloads

ENDPOINT_CONCURRENCY = 8
"""Calls to one endpoint at a time: one that hangs holds so many, and the others' go on."""
LOOK_AHEAD = 4
LEASE_SLACK_SECONDS = 20
MOST_LOST_ATTEMPTS = 10
"""A message that keeps killing its workers is given up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A delivery that was taken up: all that is needed to send it without the database."""

    delivery_id: str
    webhook_id: str
    event_id: str
    lease: uuid.UUID
    attempt_no: int
    failures: int
    url: str
    body: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


def enqueue_deliveries(events: Sequence[DomainEvent]) -> int:
    """Make one delivery per event and endpoint that wants it; returns how many were asked for.

    Again is harmless: what is there already keeps its bytes and its state.
    """
    pairs = endpoints_for(events)
    wanted: dict[DomainEvent, set[Rendering]] = defaultdict(set)
    for event, webhook in pairs:
        wanted[event].add(_rendering_for(webhook))
    bodies = render_payloads(wanted)
    with transaction.atomic():
        _store_events(wanted)
        _store_payloads(bodies)
        Delivery.objects.bulk_create(
            (
                Delivery(
                    webhook=webhook,
                    event_id=event.id,
                    payload_id=_payload_id(event.id, _rendering_for(webhook)),
                )
                for event, webhook in pairs
            ),
            ignore_conflicts=True,
        )
        if pairs:
            doorbell.ring_on_commit()
    return len(pairs)


def enqueue_message(
    webhook: Webhook, *, event_id: str, event_type: str, data: JsonObject
) -> Delivery:
    """Make a delivery of something that is no domain event (a test) to one endpoint."""
    now = clock.now()
    body = encode(event_type, timestamp=clock.to_text(now), data=data)
    with transaction.atomic():
        event = Event.objects.create(
            id=event_id, type=event_type, form_id=webhook.form_id, occurred_at=now
        )
        payload = event.payloads.create(id=_payload_id(event_id, Rendering.FULL), body=body)
        delivery = Delivery.objects.create(webhook=webhook, event=event, payload=payload)
        doorbell.ring_on_commit()
    return delivery


def claim_due(*, limit: int, only: Collection[str] | None = None) -> list[Job]:
    """Take up to `limit` due deliveries, the longest due first, a few per endpoint.

    Each is taken by one caller, however many call at once. What is due for an endpoint that is no
    longer enabled becomes a dead letter here and is not returned.
    """
    chosen = _candidates(clock.now(), limit=limit, only=only)
    if not chosen:
        return []
    with transaction.atomic():
        now = clock.now()
        rows = list(_locked(chosen, now))
        _close_lost_attempts([row for row in rows if row.status == Delivery.Status.SENDING], now)
        lease = uuid.uuid4()
        jobs = [job for row in rows if (job := _prepare(row, lease=lease, now=now))]
        _open_attempts(jobs, lease=lease, now=now)
    return jobs


def next_due_at() -> datetime | None:
    """When the next delivery is due; None where none waits."""
    due: datetime | None = Delivery.objects.filter(due_at__isnull=False).aggregate(
        due=Min("due_at")
    )["due"]
    return due


def _rendering_for(webhook: Webhook) -> Rendering:
    return Rendering.FULL if webhook.include_personal_data else Rendering.MASKED


def _payload_id(event_id: str, rendering: Rendering) -> str:
    return f"{event_id}.{rendering.value}"


def _store_events(events: Iterable[DomainEvent]) -> None:
    Event.objects.bulk_create(
        (
            Event(
                id=event.id,
                type=event.name,
                form_id=getattr(event, "form_id", ""),
                response_id=getattr(event, "response_id", ""),
                occurred_at=datetime.fromisoformat(event.occurred_at),
            )
            for event in events
        ),
        ignore_conflicts=True,
    )


def _store_payloads(bodies: Mapping[tuple[str, Rendering], bytes]) -> None:
    Payload.objects.bulk_create(
        (
            Payload(id=_payload_id(event_id, rendering), event_id=event_id, body=body)
            for (event_id, rendering), body in bodies.items()
        ),
        ignore_conflicts=True,
    )


def _candidates(now: datetime, *, limit: int, only: Collection[str] | None) -> list[str]:
    """Ids worth locking: due, and whose endpoints have calls to spare."""
    busy = Counter(
        Delivery.objects.filter(lease__isnull=False, due_at__gt=now)
        .order_by()
        .values_list("webhook_id", flat=True)
    )
    full = [webhook_id for webhook_id, calls in busy.items() if calls >= ENDPOINT_CONCURRENCY]
    due = Delivery.objects.filter(due_at__lte=now).exclude(webhook_id__in=full)
    if only is not None:
        due = due.filter(pk__in=only)
    chosen: list[str] = []
    rows = due.order_by("due_at").values_list("pk", "webhook_id")[: limit * LOOK_AHEAD]
    for delivery_id, webhook_id in rows:
        if busy[webhook_id] < ENDPOINT_CONCURRENCY and len(chosen) < limit:
            busy[webhook_id] += 1
            chosen.append(delivery_id)
    return chosen


def _locked(ids: Sequence[str], now: datetime) -> QuerySet[Delivery]:
    """Those that are still due, locked where the database can, skipping what others hold."""
    return (
        Delivery.objects.filter(pk__in=ids, due_at__lte=now)
        .select_related("webhook", "payload")
        .prefetch_related("webhook__secrets")
        .select_for_update(
            of=("self",), skip_locked=connection.features.has_select_for_update_skip_locked
        )
        .order_by("due_at")
    )


def _prepare(row: Delivery, *, lease: uuid.UUID, now: datetime) -> Job | None:
    """The job of a row; None where it was settled without a call."""
    reason = _reason_not_to_send(row)
    if reason is None:
        try:
            return Job(
                delivery_id=row.pk,
                webhook_id=row.webhook_id,
                event_id=row.event_id,
                lease=lease,
                attempt_no=row.attempt_no + 1,
                failures=row.failures,
                url=row.webhook.url,
                body=bytes(row.payload.body),
                secrets=row.webhook.secrets_in_use(now),
            )
        except UnsealError:
            reason = Delivery.DeadReason.SECRET
    dead_letters.bury(Delivery.objects.filter(pk=row.pk), reason=reason, at=now)
    return None


def _reason_not_to_send(row: Delivery) -> Delivery.DeadReason | None:
    if not row.webhook.is_enabled:
        return Delivery.DeadReason.DISABLED
    if row.status == Delivery.Status.SENDING and row.lost >= MOST_LOST_ATTEMPTS:
        return Delivery.DeadReason.LOST
    return None


def _close_lost_attempts(rows: Sequence[Delivery], now: datetime) -> None:
    """Their worker never came back: whether the receiver got the message, nobody knows."""
    ids = [row.pk for row in rows]
    Attempt.objects.filter(delivery__in=ids, outcome=Attempt.Outcome.SENDING).update(
        outcome=Attempt.Outcome.UNKNOWN,
        finished_at=now,
        error_code="worker_lost",
        error="The worker died during the attempt.",
    )
    Delivery.objects.filter(pk__in=ids).update(lost=F("lost") + 1)


def _open_attempts(jobs: Sequence[Job], *, lease: uuid.UUID, now: datetime) -> None:
    seconds = settings.WEBHOOK_TIMEOUT + LEASE_SLACK_SECONDS
    taken = Delivery.objects.filter(pk__in=[job.delivery_id for job in jobs], due_at__lte=now)
    taken.update(
        status=Delivery.Status.SENDING,
        lease=lease,
        due_at=now + timedelta(seconds=seconds),
        attempt_no=F("attempt_no") + 1,
    )
    Attempt.objects.bulk_create(
        Attempt(delivery_id=job.delivery_id, number=job.attempt_no, started_at=now) for job in jobs
    )
