"""Proof over the rows: hashes of days, marks of change."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Q, Sum

from formplatform.forms.storage.hashing import DayHashes, add_to_days

from .outages import answering
from .records import RESPONSES

BATCH = 10_000


class Hashes:
    def day_hashes(self, form_id: str, *, since: datetime, until: datetime) -> DayHashes:
        days: DayHashes = {}
        for rows in _scan(form_id, since, until):
            add_to_days(days, rows)
        return days

    @answering()
    def change_mark(self, form_id: str, *, before: datetime | None = None) -> tuple[int, int]:
        rows = RESPONSES.rows.filter(form_id=form_id)
        if before is not None:
            rows = rows.filter(updated_at__lt=before)
        mark = rows.aggregate(count=Count("id"), revisions=Sum("revision"))
        return mark["count"], mark["revisions"] or 0


def _scan(
    form_id: str, since: datetime, until: datetime
) -> Iterator[list[tuple[datetime, str, int]]]:
    """Live responses of a span as (submitted_at, id, revision), in batches."""
    live = RESPONSES.rows.filter(form_id=form_id, deleted_at=None, submitted_at__lt=until)
    ordered = live.order_by("submitted_at", "id").values_list("submitted_at", "id", "revision")
    moment, after_id = since, ""
    while True:
        further = Q(submitted_at__gt=moment) | Q(submitted_at=moment, id__gt=after_id)
        with answering():
            found = list(ordered.filter(further, submitted_at__gte=moment)[:BATCH])
        yield found
        if len(found) < BATCH:
            return
        moment, after_id, _ = found[-1]
