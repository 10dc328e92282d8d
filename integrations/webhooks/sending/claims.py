"""Taking up what is due: which endpoint's messages go next, and who sends them.

What is claimed is the endpoint, not the message: one row, its lane, says when something is due,
how fast it may go, whether the receiver is well and in what order. A courier takes a lane under a
lease, opens an attempt for every message it takes up, and commits, all before any call. A courier
that dies leaves a lease that ends; whoever takes the lane next closes those attempts as "unknown
outcome" and sends the same messages, under the same ids, again.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from formplatform.core import clock
from integrations.encryption import UnsealError
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Attempt, Delivery, Webhook
from integrations.webhooks.queue import lanes, ordering, rate
from integrations.webhooks.repeating import dead_letters
from integrations.webhooks.shaping.escaping import DEFAULT_TYPE

from .jobs import Destination, Job, Run

RUN_LENGTH = 20
"""Messages that go one after the other over one connection before they are written down."""
LOOK_AHEAD = 4
MOST_LOST_ATTEMPTS = 10
"""A message that keeps killing its workers is given up."""


@dataclass(slots=True)
class _Visit:
    """A lane while it is being taken."""

    lane: Lane
    flying: int = 0
    """Calls its courier has in flight."""
    slots: int = 0
    picked: list[ordering.Picked] = field(default_factory=list)
    is_drained: bool = True
    """Whether nothing else was due when these were picked."""
    destination: Destination | None = None


def take(courier: uuid.UUID, *, room: int, in_flight: Mapping[str, int]) -> list[Run]:
    """Take up to `room` runs of due messages, fairly among owners, then the longest due first.

    Args:
        courier: whose the lanes are from now on, until `outcomes.record` gives them back.
        room: calls that may begin now.
        in_flight: the courier's calls by endpoint; those lanes are its own already.

    Each message is taken by one caller, however many call at once. What is due for an endpoint
    that is no longer enabled becomes a dead letter here and is not returned.
    """
    chosen = _choose(courier, clock.now(), room=room, in_flight=in_flight)
    if not chosen:
        return []
    share = max(room // len(chosen), 1)
    with transaction.atomic():
        now = clock.now()
        visits = [
            _Visit(lane, flying=in_flight.get(lane.pk, 0)) for lane in _locked(chosen, courier, now)
        ]
        for visit in visits:
            _recover(visit, courier, now=now)
            _pick(visit, share=share, now=now)
        return _depart(visits, courier=courier, now=now)


def take_one(courier: uuid.UUID, delivery_id: str) -> Job | None:
    """Take one delivery whose attempt is due; None where it is not, or its lane is taken."""
    now = clock.now()
    with transaction.atomic():
        found = Delivery.objects.filter(pk=delivery_id).values_list("webhook_id", flat=True)
        for lane in _locked(list(found), courier, now):
            visit = _Visit(lane, slots=1)
            _recover(visit, courier, now=now)
            picked = ordering.pick(lane.webhook, limit=RUN_LENGTH, now=now)
            visit.picked = [each for each in picked if each.delivery_id == delivery_id]
            visit.destination = _destination(visit, now=now)
            runs = _depart([visit], courier=courier, now=now)
            return runs[0].jobs[0] if runs else None
    return None


def _depart(visits: Sequence[_Visit], *, courier: uuid.UUID, now: datetime) -> list[Run]:
    """Open the attempts of what was picked and write the lanes down."""
    runs_of = {visit.lane.pk: list(_runs(visit)) for visit in visits}
    runs = [run for found in runs_of.values() for run in found]
    _open_attempts(runs, now=now)
    for visit in visits:
        lane = visit.lane
        if not visit.is_drained:
            lane.due_at = now
        in_flight = visit.flying + len(runs_of[lane.pk])
        lanes.settle(
            lane,
            courier=courier,
            in_flight=in_flight,
            now=now,
            due_known=not visit.is_drained and not lane.webhook.rate_per_minute,
        )
    lanes.save([visit.lane for visit in visits])
    return runs


def _choose(
    courier: uuid.UUID, now: datetime, *, room: int, in_flight: Mapping[str, int]
) -> list[str]:
    """Lanes worth locking: every owner's first before anybody's second."""
    if room <= 0:
        return []
    turn = Window(RowNumber(), partition_by="owner_id", order_by="due_at")
    waiting = (
        Lane.objects.filter(_is_takeable(courier, now))
        .annotate(turn=turn)
        .order_by("turn", "due_at")
        .values_list("pk", "owner_id", "turn")[: room * LOOK_AHEAD]
    )
    busy = Counter(
        {
            owner_id: sum(in_flight[pk] for pk in lanes)
            for owner_id, lanes in _by_owner(in_flight).items()
        }
    )
    fair = sorted(waiting, key=lambda row: busy[row[1]] + row[2])
    return [pk for pk, _, _ in fair[:room]]


def _by_owner(webhook_ids: Iterable[str]) -> dict[int, list[str]]:
    owners: dict[int, list[str]] = {}
    for pk, owner_id in Lane.objects.filter(pk__in=list(webhook_ids)).values_list("pk", "owner_id"):
        owners.setdefault(owner_id, []).append(pk)
    return owners


def _is_takeable(courier: uuid.UUID, now: datetime) -> Q:
    ended = Q(lease_until__lte=now)
    return ended | Q(Q(lease__isnull=True) | Q(lease=courier), due_at__lte=now)


def _locked(webhook_ids: Collection[str], courier: uuid.UUID, now: datetime) -> QuerySet[Lane]:
    """SQLite takes its write lock when the transaction begins, so there it needs no row's."""
    return (
        Lane.objects.filter(_is_takeable(courier, now), pk__in=webhook_ids)
        .select_related("webhook")
        .prefetch_related("webhook__secrets")
        .select_for_update(
            of=("self",), skip_locked=connection.features.has_select_for_update_skip_locked
        )
        .order_by("pk")
    )


def _recover(visit: _Visit, courier: uuid.UUID, *, now: datetime) -> None:
    """Take back what a courier that died was sending: nobody knows whether it arrived.

    Also what this one took itself where it has no call in flight: the database was lost after
    the commit, so it never knew of it.
    """
    lane = visit.lane
    if lane.lease_until is None or visit.flying:
        return
    if lane.lease_until > now and lane.lease != courier:
        return
    sending = Delivery.objects.filter(webhook=lane.webhook, status=Delivery.Status.SENDING)
    ids = list(sending.values_list("pk", flat=True))
    Attempt.objects.filter(delivery__in=ids, outcome=Attempt.Outcome.SENDING).update(
        outcome=Attempt.Outcome.UNKNOWN,
        finished_at=now,
        error_code="worker_lost",
        error="The worker died during the attempt.",
    )
    lost = Delivery.objects.filter(pk__in=ids)
    lost.update(status=Delivery.Status.PENDING, lost=F("lost") + 1, due_at=now)
    buried = dead_letters.bury(
        lost.filter(lost__gt=MOST_LOST_ATTEMPTS), reason=Delivery.DeadReason.LOST, at=now
    )
    lane.dead_total += buried


def _pick(visit: _Visit, *, share: int, now: datetime) -> None:
    lane, webhook = visit.lane, visit.lane.webhook
    if not webhook.is_enabled:
        # What is in flight comes back first: its attempt has to be closed.
        waiting = Delivery.objects.filter(webhook=webhook, status=Delivery.Status.PENDING)
        lane.dead_total += dead_letters.bury(waiting, reason=Delivery.DeadReason.DISABLED, at=now)
        return
    if lane.paused_until is not None and lane.paused_until > now:
        return
    visit.slots = min(share, lanes.calls_allowed(lane, in_flight=visit.flying, now=now))
    probing = lane.breaker == Lane.Breaker.HALF_OPEN
    limit = min(visit.slots, 1) if probing else visit.slots * RUN_LENGTH
    tokens = rate.refill(lane, per_minute=webhook.rate_per_minute, now=now)
    limit = limit if tokens is None else min(limit, tokens)
    visit.picked = ordering.pick(webhook, limit=limit, now=now) if limit else []
    visit.is_drained = len(visit.picked) < limit or not limit
    rate.spend(lane, len(visit.picked), per_minute=webhook.rate_per_minute)
    visit.destination = _destination(visit, now=now)


def _destination(visit: _Visit, *, now: datetime) -> Destination | None:
    """How to call it; where its secrets are unreadable, what was picked is given up."""
    webhook = visit.lane.webhook
    if not visit.picked:
        return None
    try:
        secrets, headers = webhook.secrets_in_use(now), webhook.headers()
    except UnsealError:
        picked = Delivery.objects.filter(pk__in=[each.delivery_id for each in visit.picked])
        visit.lane.dead_total += dead_letters.bury(
            picked, reason=Delivery.DeadReason.SECRET, at=now
        )
        return None
    delays = webhook.retry_delays
    return Destination(
        webhook_id=webhook.pk,
        url=webhook.url,
        secrets=secrets,
        headers=headers,
        retry_delays=tuple(delays) if delays else None,
    )


def _runs(visit: _Visit) -> Iterator[Run]:
    """What was picked, dealt out to as many connections as it may use."""
    webhook, destination = visit.lane.webhook, visit.destination
    if destination is None:
        return
    hands = min(visit.slots, len(visit.picked))
    for first in range(hands):
        jobs = [_job(each, destination) for each in visit.picked[first::hands]]
        yield Run(
            webhook_id=webhook.pk,
            in_order=webhook.ordering != Webhook.Ordering.NONE,
            jobs=tuple(jobs),
        )


def _job(picked: ordering.Picked, destination: Destination) -> Job:
    return Job(
        delivery_id=picked.delivery_id,
        event_id=picked.event_id,
        seq=picked.seq,
        attempt_no=picked.attempt_no + 1,
        failures=picked.failures,
        body=bytes(picked.body or b""),
        content_type=picked.content_type or DEFAULT_TYPE,
        destination=destination,
    )


def _open_attempts(runs: Sequence[Run], *, now: datetime) -> None:
    jobs = [job for run in runs for job in run.jobs]
    if not jobs:
        return
    taken = Delivery.objects.filter(pk__in=[job.delivery_id for job in jobs])
    taken.update(status=Delivery.Status.SENDING, attempt_no=F("attempt_no") + 1)
    Attempt.objects.bulk_create(
        Attempt(delivery_id=job.delivery_id, number=job.attempt_no, started_at=now) for job in jobs
    )
