"""Which of an endpoint's messages may go next.

Without an order every due message may. In order per response, only the first unfinished message of
each response. Strictly in order, only the first of all and those right behind it. A message that
waits for its next attempt holds up what is ordered behind it; one that became a dead letter does
not. New messages go before replayed ones, and of replayed ones a share goes beside them.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, Min, OuterRef, QuerySet

from formplatform.core import clock
from integrations.webhooks.models import Delivery, Webhook

REPLAY_SHARE = 4
"""While new messages fill what may go, one in so many is a replayed one."""


class Picked(NamedTuple):
    """What of a delivery is needed to send it."""

    delivery_id: str
    event_id: str
    seq: int
    attempt_no: int
    failures: int
    due_at: datetime
    is_replay: bool
    body: bytes | None
    content_type: str | None


COLUMNS = (
    *("pk", "event_id", "seq", "attempt_no", "failures", "due_at", "is_replay"),
    *("payload__body", "payload__content_type"),
)


def pick(webhook: Webhook, *, limit: int, now: datetime) -> list[Picked]:
    """Up to so many messages that may go now, in the order in which they must.

    An endpoint that wants them strictly in order must have none in flight.
    """
    if webhook.ordering == Webhook.Ordering.ENDPOINT:
        return list(_front(webhook, limit=limit, now=now))
    due = _by_turn(webhook, _candidates(webhook).filter(due_at__lte=now))
    chosen = _read(due, limit=limit)
    if len(chosen) == limit and not chosen[-1].is_replay:
        share = max(limit // REPLAY_SHARE, 1) if limit > 1 else 0
        replays = _read(due.filter(is_replay__in=[True]), limit=share)  # a bare flag finds no index
        chosen[limit - len(replays) :] = replays
    return chosen


def next_due(webhook: Webhook) -> datetime | None:
    """When a message may go that no call in flight holds up; None where there is none.

    Of an endpoint that wants them strictly in order none may be in flight.
    """
    if webhook.ordering == Webhook.Ordering.ENDPOINT:
        return _in_line(webhook).values_list("due_at", flat=True).first()
    # Where one is due already, an index ends the search; the least of all is looked for in all.
    waiting = _by_turn(webhook, _candidates(webhook)).filter(due_at__lte=clock.now())
    due_at: datetime | None = waiting.values_list("due_at", flat=True).first()
    if due_at is None:
        due_at = _candidates(webhook).aggregate(due=Min("due_at"))["due"]
    return due_at


def _by_turn(webhook: Webhook, deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    in_order = webhook.ordering == Webhook.Ordering.KEY
    return deliveries.order_by("is_replay", *(("seq",) if in_order else ("due_at", "seq")))


def _read(deliveries: QuerySet[Delivery], *, limit: int) -> list[Picked]:
    return [Picked(*row) for row in deliveries.values_list(*COLUMNS)[:limit]]


def _candidates(webhook: Webhook) -> QuerySet[Delivery]:
    if webhook.ordering == Webhook.Ordering.NONE:
        return _pending(webhook)
    unfinished = Delivery.objects.filter(
        webhook=webhook, key=OuterRef("key"), due_at__isnull=False
    ).order_by()
    return _pending(webhook).filter(
        ~Exists(unfinished.filter(seq__lt=OuterRef("seq"))),
        ~Exists(unfinished.filter(status=Delivery.Status.SENDING)),
    )


def _front(webhook: Webhook, *, limit: int, now: datetime) -> Iterator[Picked]:
    for picked in _read(_in_line(webhook), limit=limit):
        if picked.due_at > now:
            return
        yield picked


def _in_line(webhook: Webhook) -> QuerySet[Delivery]:
    return _pending(webhook).order_by("is_replay", "seq")


def _pending(webhook: Webhook) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        webhook=webhook, status=Delivery.Status.PENDING, due_at__isnull=False
    )
