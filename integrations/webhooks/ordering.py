"""Which of an endpoint's messages may go next.

Without an order every due message may. In order per response, only the first unfinished message of
each response. Strictly in order, only the first of all and those right behind it. A message that
waits for its next attempt holds up what is ordered behind it; one that became a dead letter does
not. New messages go before replayed ones, and of replayed ones a share goes beside them.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, Min, OuterRef, QuerySet

from .models import Delivery, Webhook

REPLAY_SHARE = 4
"""While new messages fill what may go, one in so many is a replayed one."""


def pick(webhook: Webhook, *, limit: int, now: datetime) -> list[Delivery]:
    """Up to so many messages that may go now, in the order in which they must."""
    if webhook.ordering == Webhook.Ordering.ENDPOINT:
        return list(_front(webhook, limit=limit, now=now))
    due = _candidates(webhook).filter(due_at__lte=now)
    by_turn = ("seq",) if webhook.ordering == Webhook.Ordering.KEY else ("due_at", "seq")
    chosen = list(due.order_by("is_replay", *by_turn)[:limit])
    if len(chosen) == limit and not chosen[-1].is_replay:
        share = max(limit // REPLAY_SHARE, 1) if limit > 1 else 0
        replays = list(due.filter(is_replay=True).order_by(*by_turn)[:share])
        chosen[limit - len(replays) :] = replays
    return chosen


def next_due(webhook: Webhook) -> datetime | None:
    """When a message may go that no call in flight holds up; None where there is none."""
    if webhook.ordering != Webhook.Ordering.ENDPOINT:
        due: datetime | None = _candidates(webhook).aggregate(due=Min("due_at"))["due"]
        return due
    if _flying(webhook).exists():
        return None
    return _in_line(webhook).values_list("due_at", flat=True).first()


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


def _front(webhook: Webhook, *, limit: int, now: datetime) -> Iterator[Delivery]:
    if _flying(webhook).exists():
        return
    for delivery in _in_line(webhook)[:limit]:
        if delivery.due_at is None or delivery.due_at > now:
            return
        yield delivery


def _in_line(webhook: Webhook) -> QuerySet[Delivery]:
    return _pending(webhook).order_by("is_replay", "seq")


def _pending(webhook: Webhook) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        webhook=webhook, status=Delivery.Status.PENDING, due_at__isnull=False
    )


def _flying(webhook: Webhook) -> QuerySet[Delivery]:
    return Delivery.objects.filter(webhook=webhook, status=Delivery.Status.SENDING)
