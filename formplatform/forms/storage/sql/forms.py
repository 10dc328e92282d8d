"""Forms in SQL."""

from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Collate

from formplatform.forms.domain import Form
from formplatform.forms.storage.base import FormQuery, Page
from formplatform.forms.storage.merging import winner

from .outages import answering
from .records import FORMS


class Forms:
    @answering()
    def insert_form(self, form: Form) -> Form:
        if FORMS.insert([form]):
            return form
        key = form.idempotency_key
        keyed = key is not None and FORMS.first(owner_id=form.owner_id, idempotency_key=key)
        return winner(keyed or FORMS.first(id=form.id))

    @answering()
    def find_form(self, form_id: str) -> Form | None:
        return FORMS.first(id=form_id)

    @answering()
    def replace_form(self, form: Form, *, expected_revision: int) -> bool:
        rows = FORMS.rows.filter(id=form.id, revision=expected_revision)
        return rows.update(**FORMS.values(form)) == 1

    @answering()
    def list_forms(self, query: FormQuery) -> Page[Form]:
        rows = FORMS.rows.filter(deleted_at=None)
        if query.ids is not None or query.owner_id is not None:
            rows = rows.filter(Q(id__in=query.ids or ()) | Q(owner_id=query.owner_id))
        if query.within is not None:
            rows = rows.filter(id__in=query.within)
        if query.search:
            rows = rows.filter(title_key__contains=query.search.casefold())
        window = _ordered(rows, query.ordering)[query.offset : query.offset + query.limit]
        return Page(FORMS.read(window), rows.count())


def _ordered(rows: QuerySet[Any], ordering: str) -> QuerySet[Any]:
    name = ordering.removeprefix("-")
    place = F(name) if name != "title" else _by_code_point("title_key")
    if ordering.startswith("-"):
        return rows.order_by(place.desc(), "-id")
    return rows.order_by(place.asc(), "id")


def _by_code_point(column: str) -> F | Collate:
    """The order every store has; PostgreSQL's own depends on how it was installed."""
    return Collate(column, "C") if connection.vendor == "postgresql" else F(column)
