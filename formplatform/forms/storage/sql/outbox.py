"""What is stored but not yet published, in SQL."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from formplatform.forms.domain import FormResponse, Session
from formplatform.forms.storage.base import Place

from .outages import answering
from .records import RESPONSES, SESSIONS


class Outbox:
    @answering()
    def find_undispatched(
        self, *, before: datetime, limit: int, after: Place | None = None
    ) -> list[FormResponse]:
        return RESPONSES.read(_undispatched(RESPONSES.rows, before, after)[:limit])

    @answering()
    def find_undispatched_sessions(
        self, *, before: datetime, limit: int, after: Place | None = None
    ) -> list[Session]:
        return SESSIONS.read(_undispatched(SESSIONS.rows, before, after)[:limit])

    @answering()
    def is_waiting(self, form_id: str, *, before: datetime) -> bool:
        waiting = _undispatched(RESPONSES.rows, before, None)
        # Hidden in an expression: SQLite would go through the whole form by an index of forms,
        # and not through the few that wait.
        of_form: bool = waiting.alias(of=Coalesce("form_id", Value(""))).filter(of=form_id).exists()
        return of_form

    @answering()
    def mark_dispatched(self, revisions: Mapping[str, int], *, at: datetime) -> None:
        _mark(RESPONSES.rows, revisions, at)

    @answering()
    def mark_sessions_dispatched(self, revisions: Mapping[str, int], *, at: datetime) -> None:
        _mark(SESSIONS.rows, revisions, at)


def _undispatched(rows: QuerySet[Any], before: datetime, after: Place | None) -> QuerySet[Any]:
    waiting = rows.filter(dispatched_at=None, updated_at__lt=before)
    if after:
        moment, record_id = after
        same_moment = Q(updated_at=moment, id__gt=record_id)
        waiting = waiting.filter(Q(updated_at__gt=moment) | same_moment, updated_at__gte=moment)
    return waiting.order_by("updated_at", "id")


def _mark(rows: QuerySet[Any], revisions: Mapping[str, int], at: datetime) -> None:
    ids_by_revision: dict[int, list[str]] = defaultdict(list)
    for record_id, revision in sorted(revisions.items()):  # one order: no deadlocks
        ids_by_revision[revision].append(record_id)
    with transaction.atomic():
        for revision, ids in sorted(ids_by_revision.items()):
            behind = rows.filter(id__in=ids, dispatched_revision__lt=revision)
            behind.update(
                dispatched_revision=revision,
                dispatched_at=Case(
                    When(revision__lte=revision, then=Value(at)), default=F("dispatched_at")
                ),
            )
