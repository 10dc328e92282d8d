"""Responses and their history in MongoDB."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from formplatform.forms.domain import FormResponse, Revision, revision_of
from formplatform.forms.storage.base import Place, ResponseFilter, ResponseQuery
from formplatform.forms.storage.merging import winner

from .connection import Document
from .kinds import to_key, to_keys
from .outages import answering
from .records import RESPONSES, REVISIONS, revision_key


class Responses:
    @answering()
    def insert_response(self, response: FormResponse) -> FormResponse:
        if RESPONSES.insert(response):
            return response
        key = response.idempotency_key
        keyed = key is not None and self.find_keyed_response(response.form_id, key)
        return winner(keyed or RESPONSES.first({"_id": to_key(response.id)}))

    @answering()
    def insert_responses(self, responses: Sequence[FormResponse]) -> int:
        return RESPONSES.insert_new(responses) if responses else 0

    @answering()
    def find_response(self, form_id: str, response_id: str) -> FormResponse | None:
        return RESPONSES.first({"_id": to_key(response_id), "form_id": to_key(form_id)})

    @answering()
    def find_keyed_response(self, form_id: str, idempotency_key: str) -> FormResponse | None:
        return RESPONSES.first({"form_id": to_key(form_id), "idempotency_key": idempotency_key})

    @answering()
    def find_responses(self, response_ids: Collection[str]) -> list[FormResponse]:
        return RESPONSES.find({"_id": {"$in": to_keys(response_ids)}})

    @answering()
    def replace_response(
        self, response: FormResponse, *, expected_revision: int, previous: Revision
    ) -> bool:
        REVISIONS.insert(previous)
        return RESPONSES.replace(
            replace(response, dispatched_at=None),
            where={"_id": to_key(response.id), "revision": expected_revision},
            keep={"dispatched_revision"},
        )

    @answering()
    def find_revisions(self, wanted: Collection[tuple[str, int]]) -> list[Revision]:
        # The newest first: what a writer moves on meanwhile is in the history by then.
        newest = self.find_responses({response_id for response_id, _ in wanted})
        facts = [revision_of(response) for response in newest]
        facts += REVISIONS.find({"_id": {"$in": [revision_key(*key) for key in set(wanted)]}})
        known = {(fact.response_id, fact.revision): fact for fact in facts}
        return [known[key] for key in set(wanted) & known.keys()]

    @answering()
    def page_responses(self, query: ResponseQuery) -> list[FormResponse]:
        newest = [("submitted_at", -1), ("_id", -1)]
        where = _matching(query)
        if query.after:
            where |= _before(where, query.after)
        return RESPONSES.find(where, sort=newest, limit=query.limit)

    @answering()
    def count_responses(self, form_id: str) -> int:
        return _count(ResponseFilter(form_id=form_id))

    @answering()
    def count_matching(self, wanted: ResponseFilter) -> int:
        return _count(wanted)

    def scan_responses(
        self, form_id: str, *, after_id: str | None = None, batch: int = 1000
    ) -> Iterator[list[FormResponse]]:
        where: Document = {"form_id": to_key(form_id), "deleted_at": None}
        while True:
            if after_id:
                where["_id"] = {"$gt": to_key(after_id)}
            with answering():
                found = RESPONSES.find(where, sort=[("_id", 1)], limit=batch)
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
        where: Document = {"form_id": to_key(form_id)}
        if since is not None:
            where["updated_at"] = {"$gte": since}
        return _oldest_first(where, "updated_at", batch)


def _oldest_first(where: Document, moment: str, batch: int) -> Iterator[list[FormResponse]]:
    wanted = where
    while True:
        with answering():
            found = RESPONSES.find(wanted, sort=[(moment, 1), ("_id", 1)], limit=batch)
        if found:
            yield found
            wanted = where | _behind(where, moment, found[-1])
        if len(found) < batch:
            return


def _behind(where: Document, moment: str, last: FormResponse) -> Document:
    at = getattr(last, moment)
    same_moment = {moment: at, "_id": {"$gt": to_key(last.id)}}
    return {
        moment: {**where.get(moment, {}), "$gte": at},
        "$or": [{moment: {"$gt": at}}, same_moment],
    }


def _count(wanted: ResponseFilter) -> int:
    return RESPONSES.patient_collection.count_documents(_matching(wanted))


def _matching(wanted: ResponseFilter) -> Document:
    where: Document = {"form_id": to_key(wanted.form_id)}
    if not wanted.include_deleted:
        where["deleted_at"] = None
    if wanted.version is not None:
        where["version"] = wanted.version
    bounds = {"$gte": wanted.submitted_from, "$lt": wanted.submitted_before}
    span = {name: moment for name, moment in bounds.items() if moment}
    if span:
        where["submitted_at"] = span
    return where


def _before(where: Document, place: Place) -> Document:
    moment, response_id = place
    same_moment = {"submitted_at": moment, "_id": {"$lt": to_key(response_id)}}
    return {
        "submitted_at": {**where.get("submitted_at", {}), "$lte": moment},
        "$or": [{"submitted_at": {"$lt": moment}}, same_moment],
    }
