"""Forgetting: what was delivered, what was given up long ago, and what nobody points to any more.

Nothing unfinished is touched. Rows go in small batches, each a transaction of its own that skips
what others hold, and after each one this waits as long as it took: couriers are never locked out,
replays and a second run get along with it, and one that is killed has lost nothing.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from formplatform.core import clock
from integrations.webhooks.models import Attempt, Delivery, Event, Omission, Payload
from integrations.webhooks.notice_models import Notice

BATCH = 500
LONGEST_REST_SECONDS = 0.25
OVER = (Delivery.Status.DELIVERED, Delivery.Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of one kind that may go, in the order in which kinds may go."""

    name: str
    find: Callable[[datetime], "QuerySet[Model]"]
    forget: Callable[[list[Any]], None]


def prune(
    *,
    seconds: float | None = None,
    progress: Callable[[str, int], object] = lambda _name, _rows: None,
) -> dict[str, int]:
    """Forget what is older than the settings say; returns how many rows of each kind.

    Args:
        seconds: stop after so long; what is left goes next time.
        progress: told the name of a kind and how many rows a batch forgot.
    """
    now, ends_at = clock.now(), time.monotonic() + (seconds or float("inf"))
    forgotten = dict.fromkeys((kind.name for kind in KINDS), 0)
    for kind in KINDS:
        for rows in _batches(kind, now):
            forgotten[kind.name] += rows
            progress(kind.name, rows)
            if time.monotonic() > ends_at:
                return forgotten
    return forgotten


def count_prunable() -> dict[str, int]:
    """How many rows of each kind may go now; what only becomes free by that is not among them."""
    now = clock.now()
    return {kind.name: kind.find(now).count() for kind in KINDS}


def _batches(kind: Kind, now: datetime) -> Iterator[int]:
    while True:
        started = time.monotonic()
        with transaction.atomic():
            free = kind.find(now).select_for_update(
                of=("self",), skip_locked=connection.features.has_select_for_update_skip_locked
            )
            ids: list[Any] = list(free.values_list("pk", flat=True)[:BATCH])
            if ids:
                kind.forget(ids)
        if not ids:
            return
        yield len(ids)
        time.sleep(min(time.monotonic() - started, LONGEST_REST_SECONDS))


def _finished(now: datetime) -> QuerySet[Delivery]:
    old = now - timedelta(days=settings.WEBHOOK_RETENTION_DAYS)
    very_old = now - timedelta(days=settings.WEBHOOK_DEAD_RETENTION_DAYS)
    return Delivery.objects.filter(
        Q(status__in=OVER, finished_at__lt=old)
        | Q(status=Delivery.Status.DEAD, finished_at__lt=very_old),
        due_at__isnull=True,
    ).order_by()


def _omissions(now: datetime) -> QuerySet[Omission]:
    return Omission.objects.filter(created_at__lt=_kept_since(now)).order_by("pk")


def _payloads(now: datetime) -> QuerySet[Payload]:
    """Younger ones may be about to get a delivery."""
    used = Delivery.objects.filter(payload=OuterRef("pk"))
    return Payload.objects.filter(~Exists(used), event__created_at__lt=_kept_since(now)).order_by()


def _events(now: datetime) -> QuerySet[Event]:
    used = (
        model.objects.filter(event=OuterRef("pk")).order_by()
        for model in (Delivery, Omission, Payload)
    )
    free = Event.objects.filter(created_at__lt=_kept_since(now))
    for rows in used:
        free = free.filter(~Exists(rows))
    return free.order_by("created_at")


def _notices(now: datetime) -> QuerySet[Notice]:
    very_old = now - timedelta(days=settings.WEBHOOK_DEAD_RETENTION_DAYS)
    return Notice.objects.filter(due_at__isnull=True, created_at__lt=very_old).order_by()


def _kept_since(now: datetime) -> datetime:
    return now - timedelta(days=settings.WEBHOOK_RETENTION_DAYS)


def _forget_deliveries(ids: list[Any]) -> None:
    Attempt.objects.filter(delivery__in=ids).delete()
    Delivery.objects.filter(pk__in=ids).delete()


def _forgetting(model: type[Model]) -> Callable[[list[Any]], None]:
    def forget(ids: list[Any]) -> None:
        model._default_manager.filter(pk__in=ids).delete()  # noqa: SLF001 - Django's public name

    return forget


KINDS = (
    Kind("deliveries", _finished, _forget_deliveries),
    Kind("omissions", _omissions, _forgetting(Omission)),
    Kind("payloads", _payloads, _forgetting(Payload)),
    Kind("events", _events, _forgetting(Event)),
    Kind("notices", _notices, _forgetting(Notice)),
)
