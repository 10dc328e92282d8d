"""How messages come into the queue: one delivery, or one reason why not, per event and endpoint.

Deliveries are numbered per endpoint without a gap: the lane's row is locked while they are made, so
a number is used once and every number is used.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from formplatform.core import clock
from formplatform.core.errors import ConflictError
from formplatform.core.events import Event as DomainEvent
from formplatform.forms.domain import JsonObject

from .filtering.recipients import Decision, decide, filtered
from .lane_models import Lane
from .models import Delivery, Event, Omission, Payload, Webhook
from .queue import doorbell, lanes, schedule
from .shaping.budget import Fault
from .writing.messages import Failure, read_answers, render_payloads
from .writing.renderings import Rendering, body_of, rendering_of
from .writing.samples import test_scene

Pair = tuple[DomainEvent, Webhook]


def enqueue_deliveries(
    events: Sequence[DomainEvent], *, only: Collection[str] | None = None, late: bool = False
) -> int:
    """Make one delivery per event and endpoint that wants it; returns how many are new.

    Where an endpoint in reach does not want it, the reason is kept. Again is harmless: what is
    there already keeps its bytes, its number and its state.

    Args:
        events: as they were published.
        only: the ids of endpoints; None for every one in reach.
        late: for events that were left out before: they go behind new ones, and where an endpoint
            still does not want one, the reason is today's.
    """
    decided = [each for each in decide(events) if only is None or each.webhook.pk in only]
    answers = read_answers(list({each.event for each in decided if each.reason is None}))
    decisions = [filtered(each, answers.get(each.event.id)) for each in decided]
    wanted: dict[DomainEvent, set[Rendering]] = defaultdict(set)
    for decision in decisions:
        if decision.reason is None:
            wanted[decision.event].add(rendering_of(decision.webhook))
    rendered = render_payloads(wanted, answers=answers)
    pairs = [(each.event, each.webhook) for each in decisions if each.reason is None]
    with transaction.atomic():
        _store_events({decision.event for decision in decisions})
        store_payloads(rendered.bodies)
        made = _store_deliveries(pairs, rendered.failures, late=late) if pairs else 0
        if pairs:
            doorbell.ring_on_commit()
        left_out = [decision for decision in decisions if decision.reason is not None]
        _store_omissions(left_out, anew=late)
    return made


def enqueue_message(
    webhook: Webhook, *, event_id: str, event_type: str, data: JsonObject
) -> Delivery:
    """Make a delivery of something that is no domain event (a test) to one endpoint.

    Raises:
        ConflictError: the endpoint's template fails.
    """
    now, rendering = clock.now(), rendering_of(webhook)
    try:
        scene = test_scene(webhook, event_id=event_id, event_type=event_type, data=data)
        body = body_of(scene, rendering)
    except Fault as fault:
        raise ConflictError(f"The message cannot be made: {fault}") from fault
    with transaction.atomic():
        event = Event.objects.create(
            id=event_id, type=event_type, form_id=webhook.form_id, occurred_at=now
        )
        payload = event.payloads.create(
            id=payload_id(event_id, rendering), body=body, content_type=rendering.content_type
        )
        lane = lanes.lock([webhook.pk])[webhook.pk]
        delivery = Delivery.objects.create(
            webhook=webhook, event=event, payload=payload, seq=lane.next_seq
        )
        _move_on(lane, made=1, due_at=now)
        doorbell.ring_on_commit()
    return delivery


def _store_deliveries(
    pairs: Sequence[Pair], failures: Mapping[tuple[str, Rendering], Failure], *, late: bool
) -> int:
    locked = lanes.lock(sorted({webhook.pk for _, webhook in pairs}))
    known = set(
        Delivery.objects.filter(
            webhook__in=locked, event__in={event.id for event, _ in pairs}
        ).values_list("event_id", "webhook_id")
    )
    made: dict[str, list[Delivery]] = defaultdict(list)
    asked: dict[str, list[str]] = defaultdict(list)
    for event, webhook in pairs:
        asked[webhook.pk].append(event.id)
        if (event.id, webhook.pk) not in known and webhook.pk in locked:
            known.add((event.id, webhook.pk))
            mine = made[webhook.pk]
            seq = locked[webhook.pk].next_seq + len(mine)
            failure = failures.get((event.id, rendering_of(webhook)))
            mine.append(_delivery(event, webhook, seq, failure))
            mine[-1].is_replay = late
    Delivery.objects.bulk_create(each for mine in made.values() for each in mine)
    for webhook_id, mine in made.items():
        due = [each.due_at for each in mine if each.due_at is not None]
        locked[webhook_id].dead_total += len(mine) - len(due)
        _move_on(locked[webhook_id], made=len(mine), due_at=min(due, default=None))
    for webhook_id, event_ids in asked.items():
        Omission.objects.filter(webhook=webhook_id, event__in=event_ids).delete()
    return sum(len(mine) for mine in made.values())


def _delivery(event: DomainEvent, webhook: Webhook, seq: int, failure: Failure | None) -> Delivery:
    """One that is due; or, where there is nothing to send, a dead letter that says why."""
    now = clock.now()
    delivery = Delivery(
        webhook=webhook,
        event_id=event.id,
        seq=seq,
        key=getattr(event, "response_id", "") or getattr(event, "form_id", ""),
    )
    if failure is not None:
        delivery.status, delivery.due_at, delivery.finished_at = Delivery.Status.DEAD, None, now
        delivery.dead_reason, delivery.last_error = failure.code, failure.message
        return delivery
    delivery.payload_id = payload_id(event.id, rendering_of(webhook))
    delivery.due_at = now + timedelta(seconds=schedule.delays_of(webhook.retry_delays)[0])
    return delivery


def _move_on(lane: Lane, *, made: int, due_at: datetime | None) -> None:
    lane.next_seq += made
    if due_at is not None:
        lane.due_at = due_at if lane.due_at is None else min(lane.due_at, due_at)
    lane.save(update_fields=["next_seq", "due_at", "dead_total"])


def payload_id(event_id: str, rendering: Rendering) -> str:
    return f"{event_id}.{rendering.digest}"


def _store_events(events: Iterable[DomainEvent]) -> None:
    Event.objects.bulk_create(
        (
            Event(
                id=event.id,
                type=event.name,
                form_id=getattr(event, "form_id", ""),
                response_id=getattr(event, "response_id", ""),
                occurred_at=datetime.fromisoformat(event.occurred_at),
                data=event.payload(),
            )
            for event in events
        ),
        ignore_conflicts=True,
    )


def store_payloads(bodies: Mapping[tuple[str, Rendering], bytes]) -> None:
    """Keep what was rendered; bytes that are there already stay."""
    Payload.objects.bulk_create(
        (
            Payload(
                id=payload_id(event_id, rendering),
                event_id=event_id,
                body=body,
                content_type=rendering.content_type,
            )
            for (event_id, rendering), body in bodies.items()
        ),
        ignore_conflicts=True,
    )


def _store_omissions(decisions: Sequence[Decision], *, anew: bool) -> None:
    """What has a delivery was wanted when it came first, whatever its endpoint wants by now."""
    sent = Delivery.objects.filter(
        webhook__in={each.webhook.pk for each in decisions},
        event__in={each.event.id for each in decisions},
    )
    known = set(sent.values_list("event_id", "webhook_id")) if decisions else set()
    Omission.objects.bulk_create(
        (
            Omission(
                webhook=each.webhook,
                event_id=each.event.id,
                reason=each.reason or "",
                trace=dict(each.trace),
            )
            for each in decisions
            if (each.event.id, each.webhook.pk) not in known
        ),
        ignore_conflicts=not anew,
        update_conflicts=anew,
        unique_fields=["webhook", "event"] if anew else None,
        update_fields=["reason", "trace"] if anew else None,
    )
