"""Proof over the responses, and upkeep, in MongoDB."""

from collections.abc import Iterator
from datetime import datetime

import pymongo

from formplatform.forms.storage.hashing import DayHashes, add_to_days

from .connection import Document, collection
from .documents import DOCUMENTS, FormDocument
from .kinds import to_key
from .outages import answering
from .records import RESPONSES

INDEX_SECONDS = 3600


class Proof:
    @answering()
    def day_hashes(self, form_id: str, *, since: datetime, until: datetime) -> DayHashes:
        days: DayHashes = {}
        add_to_days(days, _scan(form_id, since, until))
        return days

    @answering()
    def change_mark(self, form_id: str) -> tuple[int, int]:
        summed: Document = {"_id": None, "count": {"$sum": 1}, "revisions": {"$sum": "$revision"}}
        stages = [{"$match": {"form_id": to_key(form_id)}}, {"$group": summed}]
        for found in RESPONSES.collection.aggregate(stages):
            return int(found["count"]), int(found["revisions"])
        return 0, 0

    @answering()
    def ensure_indexes(self) -> list[str]:
        with pymongo.timeout(INDEX_SECONDS):
            return [name for document in DOCUMENTS for name in _ensure(document)]

    @answering()
    def ping(self) -> None:
        collection(FormDocument).database.command("ping")


def _scan(form_id: str, since: datetime, until: datetime) -> Iterator[tuple[datetime, str, int]]:
    """Live responses of a span as (submitted_at, id, revision)."""
    span = {"$gte": since, "$lt": until}
    live = {"form_id": to_key(form_id), "submitted_at": span, "deleted_at": None}
    for each in RESPONSES.collection.find(live, {"submitted_at": 1, "revision": 1}):
        yield each["submitted_at"], str(each["_id"]), each["revision"]


def _ensure(document: type[FormDocument]) -> list[str]:
    collection(document)  # connects
    document.ensure_indexes()
    return [index["name"] for index in document._meta["index_specs"]]  # noqa: SLF001 - no other door
