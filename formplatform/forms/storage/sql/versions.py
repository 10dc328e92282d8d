"""Published versions in SQL."""

from datetime import datetime

from formplatform.forms.domain import FormVersion

from .outages import answering
from .records import VERSIONS


class Versions:
    @answering()
    def insert_version(self, version: FormVersion) -> bool:
        return VERSIONS.insert([version]) == 1

    @answering()
    def find_version(self, form_id: str, number: int) -> FormVersion | None:
        return VERSIONS.first(form_id=form_id, number=number)

    @answering()
    def list_versions(self, form_id: str) -> list[FormVersion]:
        return VERSIONS.read(VERSIONS.rows.filter(form_id=form_id).order_by("number"))

    @answering()
    def find_undispatched_versions(self, *, before: datetime, limit: int) -> list[FormVersion]:
        rows = VERSIONS.rows.filter(dispatched_at=None, published_at__lt=before)
        return VERSIONS.read(rows.order_by("published_at", "form_id", "number")[:limit])

    @answering()
    def mark_version_dispatched(self, form_id: str, number: int, *, at: datetime) -> None:
        rows = VERSIONS.rows.filter(form_id=form_id, number=number, dispatched_at=None)
        rows.update(dispatched_at=at)
