"""Proof over the responses, and upkeep, in MongoDB."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from formplatform.forms.storage.hashing import DayHashes, add_to_days

from .connection import Document, collection
from .documents import DOCUMENTS, FormDocument
from .kinds import to_key
from .outages import answering
from .records import RESPONSES


class Proof:
    @answering()
    def day_hashes(self, form_id: str, *, since: datetime, until: datetime) -> DayHashes:
        days: DayHashes = {}
        add_to_days(days, _scan(form_id, since, until))
        return days

    @answering()
    def change_mark(self, form_id: str, *, before: datetime | None = None) -> tuple[int, int]:
        where: Document = {"form_id": to_key(form_id)}
        if before is not None:
            where["updated_at"] = {"$lt": before}
        summed: Document = {"_id": None, "count": {"$sum": 1}, "revisions": {"$sum": "$revision"}}
        stages = [{"$match": where}, {"$group": summed}]
        for found in RESPONSES.patient_collection.aggregate(stages):
            return int(found["count"]), int(found["revisions"])
        return 0, 0

    @answering()
    def ensure_indexes(self) -> list[str]:
        return [name for document in DOCUMENTS for name in _ensure(document)]

    @answering()
    def ping(self) -> None:
        collection(FormDocument).database.command("ping")


def _scan(form_id: str, since: datetime, until: datetime) -> Iterator[tuple[datetime, str, int]]:
    """Live responses of a span as (submitted_at, id, revision)."""
    span = {"$gte": since, "$lt": until}
    live = {"form_id": to_key(form_id), "submitted_at": span, "deleted_at": None}
    for each in RESPONSES.patient_collection.find(live, {"submitted_at": 1, "revision": 1}):
        yield each["submitted_at"], str(each["_id"]), each["revision"]


def missing_indexes() -> list[str]:
    """Names of indexes that `ensure_indexes` would create."""
    missing: list[str] = []
    for document in DOCUMENTS:
        present = collection(document).index_information()
        missing += [index["name"] for index in _indexes(document) if index["name"] not in present]
    return missing


def _indexes(document: Any) -> list[dict[str, Any]]:
    indexes: list[dict[str, Any]] = document._meta["index_specs"]  # noqa: SLF001 - no other door
    return indexes


def _ensure(document: Any) -> list[str]:
    """Create a collection's missing indexes; their names."""
    indexes = _indexes(document)
    for index in indexes:
        options = {name: value for name, value in index.items() if name not in ("fields", "cls")}
        collection(document, patient=True).create_index(index["fields"], **options)
    return [index["name"] for index in indexes]
