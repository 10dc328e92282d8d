"""Responses and their history in SQL."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from formplatform.forms.domain import FormResponse, Revision, revision_of
from formplatform.forms.storage.base import Place, ResponseFilter, ResponseQuery
from formplatform.forms.storage.merging import winner

from .outages import answering
from .records import RESPONSES, REVISIONS

OUTBOX_COLUMNS = ("dispatched_revision", "dispatched_at")


class Responses:
    @answering()
    def insert_response(self, response: FormResponse) -> FormResponse:
        if RESPONSES.insert([response]):
            return response
        key = response.idempotency_key
        keyed = key is not None and self.find_keyed_response(response.form_id, key)
        return winner(keyed or RESPONSES.first(id=response.id))

    @answering()
    def insert_responses(self, responses: Sequence[FormResponse]) -> int:
        return RESPONSES.insert(responses) if responses else 0

    @answering()
    def find_response(self, form_id: str, response_id: str) -> FormResponse | None:
        return RESPONSES.first(id=response_id, form_id=form_id)

    @answering()
    def find_keyed_response(self, form_id: str, idempotency_key: str) -> FormResponse | None:
        return RESPONSES.first(form_id=form_id, idempotency_key=idempotency_key)

    @answering()
    def find_responses(self, response_ids: Collection[str]) -> list[FormResponse]:
        return RESPONSES.read(RESPONSES.rows.filter(id__in=set(response_ids)))

    @answering()
    def replace_response(
        self, response: FormResponse, *, expected_revision: int, previous: Revision
    ) -> bool:
        values = RESPONSES.values(response) | {"dispatched_at": None}
        del values["dispatched_revision"]
        rows = RESPONSES.rows.filter(id=response.id, revision=expected_revision)
        with transaction.atomic():
            REVISIONS.insert([previous])
            return rows.update(**values) == 1

    @answering()
    def find_revisions(self, wanted: Collection[tuple[str, int]]) -> list[Revision]:
        ids = {response_id for response_id, _ in wanted}
        # The newest first: what a writer moves on meanwhile is in the history by then.
        facts = [revision_of(newest) for newest in self.find_responses(ids)]
        numbers = {revision for _, revision in wanted}
        history = REVISIONS.rows.filter(response_id__in=ids, revision__in=numbers)
        facts += REVISIONS.read(history)
        known = {(fact.response_id, fact.revision): fact for fact in facts}
        return [known[key] for key in set(wanted) & known.keys()]

    @answering()
    def page_responses(self, query: ResponseQuery) -> list[FormResponse]:
        rows = _before(_matching(query), query.after).order_by("-submitted_at", "-id")
        return RESPONSES.read(rows[: query.limit])

    @answering()
    def count_responses(self, form_id: str) -> int:
        return RESPONSES.rows.filter(form_id=form_id, deleted_at=None).count()

    @answering()
    def count_matching(self, wanted: ResponseFilter) -> int:
        return _matching(wanted).count()

    def scan_responses(
        self, form_id: str, *, after_id: str | None = None, batch: int = 1000
    ) -> Iterator[list[FormResponse]]:
        rows = RESPONSES.rows.filter(form_id=form_id, deleted_at=None).order_by("id")
        while True:
            with answering():
                found = RESPONSES.read(rows.filter(id__gt=after_id or "")[:batch])
            if found:
                yield found
                after_id = found[-1].id
            if len(found) < batch:
                return

    def scan_matching(
        self, wanted: ResponseFilter, *, batch: int = 1000
    ) -> Iterator[list[FormResponse]]:
        return _oldest_first(_matching(wanted), "submitted_at", batch)

    def scan_changes(
        self, form_id: str, *, since: datetime | None = None, batch: int = 1000
    ) -> Iterator[list[FormResponse]]:
        rows = RESPONSES.rows.filter(form_id=form_id)
        wanted = rows if since is None else rows.filter(updated_at__gte=since)
        return _oldest_first(wanted, "updated_at", batch)


def _oldest_first(rows: QuerySet[Any], moment: str, batch: int) -> Iterator[list[FormResponse]]:
    rows = wanted = rows.order_by(moment, "id")
    while True:
        with answering():
            found = RESPONSES.read(wanted[:batch])
        if found:
            yield found
            wanted = _behind(rows, moment, found[-1])
        if len(found) < batch:
            return


def _behind(rows: QuerySet[Any], moment: str, last: FormResponse) -> QuerySet[Any]:
    at = getattr(last, moment)
    same_moment = Q(**{moment: at, "id__gt": last.id})
    return rows.filter(Q(**{f"{moment}__gt": at}) | same_moment, **{f"{moment}__gte": at})


def _matching(wanted: ResponseFilter) -> QuerySet[Any]:
    rows = RESPONSES.rows.filter(form_id=wanted.form_id)
    if not wanted.include_deleted:
        rows = rows.filter(deleted_at=None)
    if wanted.version is not None:
        rows = rows.filter(version=wanted.version)
    if wanted.submitted_from:
        rows = rows.filter(submitted_at__gte=wanted.submitted_from)
    if wanted.submitted_before:
        rows = rows.filter(submitted_at__lt=wanted.submitted_before)
    return rows


def _before(rows: QuerySet[Any], place: Place | None) -> QuerySet[Any]:
    if place is None:
        return rows
    moment, response_id = place
    same_moment = Q(submitted_at=moment, id__lt=response_id)
    return rows.filter(Q(submitted_at__lt=moment) | same_moment, submitted_at__lte=moment)
