"""Published versions in MongoDB."""

from datetime import datetime

from formplatform.forms.domain import FormVersion

from .kinds import to_key
from .outages import answering
from .records import VERSIONS, version_key


class Versions:
    @answering()
    def insert_version(self, version: FormVersion) -> bool:
        return VERSIONS.insert(version)

    @answering()
    def find_version(self, form_id: str, number: int) -> FormVersion | None:
        return VERSIONS.first({"_id": version_key(form_id, number)})

    @answering()
    def list_versions(self, form_id: str) -> list[FormVersion]:
        return VERSIONS.find({"form_id": to_key(form_id)}, sort=[("number", 1)])

    @answering()
    def find_undispatched_versions(self, *, before: datetime, limit: int) -> list[FormVersion]:
        waiting = {"pending": True, "published_at": {"$lt": before}}
        order = [("published_at", 1), ("form_id", 1), ("number", 1)]
        return VERSIONS.find(waiting, sort=order, limit=limit)

    @answering()
    def mark_version_dispatched(self, form_id: str, number: int, *, at: datetime) -> None:
        waiting = {"_id": version_key(form_id, number), "pending": True}
        VERSIONS.collection.update_one(waiting, {"$set": {"pending": False, "dispatched_at": at}})
