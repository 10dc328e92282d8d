"""Deliveries that were given up: why, and finding them.

A dead letter is a state of a delivery, so it keeps its id, its bytes and its attempts; `replays`
sends it again as the same delivery with the same `webhook-id`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from integrations.webhooks.models import Attempt, Delivery


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which dead letters: whatever is given must fit; nothing given means all.

    `since` and `until` are when they were given up, `status_code` is the last answer, `error` a
    part of the last error in any case, `reason` one of `Delivery.DeadReason`.
    """

    ids: Collection[str] | None = None
    webhook_id: str | None = None
    form_id: str | None = None
    event_type: str | None = None
    response_id: str | None = None
    reason: str | None = None
    status_code: int | None = None
    error: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def bury(
    deliveries: QuerySet[Delivery],
    *,
    reason: Delivery.DeadReason,
    at: datetime,
    last_error: str = "",
) -> int:
    """Give deliveries up; what is finished stays as it is."""
    told = {"last_error": last_error} if last_error else {}
    return deliveries.filter(due_at__isnull=False).update(
        **told,
        status=Delivery.Status.DEAD,
        dead_reason=reason,
        due_at=None,
        finished_at=at,
    )


def find_dead_letters(wanted: Selection) -> QuerySet[Delivery]:
    """The dead letters of a selection."""
    lookups = {
        "pk__in": wanted.ids,
        "webhook": wanted.webhook_id,
        "event__form_id": wanted.form_id,
        "event__type": wanted.event_type,
        "event__response_id": wanted.response_id,
        "dead_reason": wanted.reason,
        "last_error__icontains": wanted.error,
        "finished_at__gte": wanted.since,
        "finished_at__lt": wanted.until,
    }
    given = {lookup: value for lookup, value in lookups.items() if value is not None}
    found = Delivery.objects.filter(status=Delivery.Status.DEAD, **given)
    if wanted.status_code is None:
        return found
    last = Attempt.objects.filter(delivery=OuterRef("pk"), number=OuterRef("attempt_no"))
    return found.filter(Exists(last.filter(status_code=wanted.status_code)))
