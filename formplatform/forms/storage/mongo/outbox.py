"""What is stored but not yet published, in MongoDB."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from pymongo.collection import Collection

from formplatform.forms.domain import FormResponse, Session
from formplatform.forms.storage.base import Place

from .connection import Document
from .kinds import to_key, to_keys
from .outages import answering
from .records import RESPONSES, SESSIONS

OLDEST = [("updated_at", 1), ("_id", 1)]


class Outbox:
    @answering()
    def find_undispatched(
        self, *, before: datetime, limit: int, after: Place | None = None
    ) -> list[FormResponse]:
        return RESPONSES.find(_waiting(before, after), sort=OLDEST, limit=limit)

    @answering()
    def find_undispatched_sessions(
        self, *, before: datetime, limit: int, after: Place | None = None
    ) -> list[Session]:
        return SESSIONS.find(_waiting(before, after), sort=OLDEST, limit=limit)

    @answering()
    def is_waiting(self, form_id: str, *, before: datetime) -> bool:
        where = {**_waiting(before, None), "form_id": to_key(form_id)}
        return RESPONSES.collection.find_one(where, {"_id": 1}) is not None

    @answering()
    def mark_dispatched(self, revisions: Mapping[str, int], *, at: datetime) -> None:
        _mark(RESPONSES.collection, revisions, at)

    @answering()
    def mark_sessions_dispatched(self, revisions: Mapping[str, int], *, at: datetime) -> None:
        _mark(SESSIONS.collection, revisions, at)


def _waiting(before: datetime, after: Place | None) -> Document:
    where: Document = {"pending": True, "updated_at": {"$lt": before}}
    if after:
        moment, record_id = after
        where["updated_at"]["$gte"] = moment
        same_moment = {"updated_at": moment, "_id": {"$gt": to_key(record_id)}}
        where["$or"] = [{"updated_at": {"$gt": moment}}, same_moment]
    return where


def _mark(collection: Collection[Document], revisions: Mapping[str, int], at: datetime) -> None:
    ids_by_revision: dict[int, list[str]] = defaultdict(list)
    for record_id, revision in revisions.items():
        ids_by_revision[revision].append(record_id)
    for revision, ids in ids_by_revision.items():
        behind = {"_id": {"$in": to_keys(ids)}, "dispatched_revision": {"$lt": revision}}
        done = {"dispatched_revision": revision, "dispatched_at": at, "pending": False}
        newest = {**behind, "revision": {"$lte": revision}}
        marked = collection.update_many(newest, {"$set": done}).modified_count
        if marked < len(ids):  # the others have a newer revision, or were marked before
            collection.update_many(behind, {"$set": {"dispatched_revision": revision}})
