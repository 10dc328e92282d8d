"""What an endpoint was to get, by number: so that a receiver can tell what it misses, and fetch it.

Deliveries are numbered under the lock of their lane, so their numbers are committed in order: who
has read up to a number never finds a smaller one later. Numbers below the first one, and any that
are lacking behind it, were pruned.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Min, QuerySet

from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Delivery, Webhook

MOST_BYTES = 8 * 1024 * 1024
"""A page of messages ends early rather than being longer, all bodies together."""
CHUNK = 50
"""Bodies in memory at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """The numbers of an endpoint. `first_seq` is the first that is kept, None where none is."""

    first_seq: int | None
    last_seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A line of the manifest; `sha256` is of the body's bytes, None where there is no body."""

    seq: int
    event_id: str
    status: str
    sha256: str | None


def extent_of(webhook: Webhook) -> Extent:
    first: int | None = Delivery.objects.filter(webhook=webhook).aggregate(first=Min("seq"))[
        "first"
    ]
    following = Lane.objects.filter(webhook=webhook).values_list("next_seq", flat=True).first()
    return Extent(first_seq=first, last_seq=(following or 1) - 1)


def manifest_after(webhook: Webhook, after: int, *, limit: int) -> list[Entry]:
    """Up to so many lines behind a number, in order."""
    columns = ("seq", "event_id", "status", "payload__body")
    rows = _behind(webhook, after).values_list(*columns)[:limit]
    return [
        Entry(
            seq=seq,
            event_id=event_id,
            status=status,
            sha256=None if body is None else hashlib.sha256(bytes(body)).hexdigest(),
        )
        for seq, event_id, status, body in rows.iterator(chunk_size=CHUNK)
    ]


def digest_of(entries: Sequence[Entry]) -> str:
    """SHA-256 over a line ``{seq} {event_id} {sha256}`` for each, ``-`` where there is no body.

    A receiver that has the messages works out the same: what changes, the status, is not in it.
    """
    lines = (f"{each.seq} {each.event_id} {each.sha256 or '-'}\n" for each in entries)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def messages_after(webhook: Webhook, after: int, *, limit: int) -> list[Delivery]:
    """Up to so many deliveries behind a number, in order, with their events and bodies.

    Fewer where their bodies together are longer than `MOST_BYTES`, but never none.
    """
    found = _behind(webhook, after).select_related("event", "payload")
    return list(_up_to_most(found[:limit].iterator(chunk_size=CHUNK)))


def _behind(webhook: Webhook, after: int) -> QuerySet[Delivery]:
    return Delivery.objects.filter(webhook=webhook, seq__gt=after).order_by("seq")


def _up_to_most(deliveries: Iterator[Delivery]) -> Iterator[Delivery]:
    left = MOST_BYTES
    for place, delivery in enumerate(deliveries):
        left -= len(delivery.payload.body) if delivery.payload else 0
        if left < 0 and place:
            return
        yield delivery
