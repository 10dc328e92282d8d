"""Forms in MongoDB."""

import re

from formplatform.forms.domain import Form
from formplatform.forms.storage.base import FormQuery, Page
from formplatform.forms.storage.merging import winner

from .connection import Document
from .kinds import to_key, to_keys
from .outages import answering
from .records import FORMS

STORED_NAMES = {"title": "title_key"}


class Forms:
    @answering()
    def insert_form(self, form: Form) -> Form:
        if FORMS.insert(form):
            return form
        key = form.idempotency_key
        place = {"owner_id": form.owner_id, "idempotency_key": key}
        keyed = key is not None and FORMS.first(place)
        return winner(keyed or FORMS.first({"_id": to_key(form.id)}))

    @answering()
    def find_form(self, form_id: str) -> Form | None:
        return FORMS.first({"_id": to_key(form_id)})

    @answering()
    def replace_form(self, form: Form, *, expected_revision: int) -> bool:
        place = {"_id": to_key(form.id), "revision": expected_revision}
        return FORMS.replace(form, where=place)

    @answering()
    def list_forms(self, query: FormQuery) -> Page[Form]:
        where: Document = {"deleted_at": None}
        if query.ids is not None or query.owner_id is not None:
            listed = {"_id": {"$in": to_keys(query.ids or ())}}
            where["$or"] = [listed, {"owner_id": query.owner_id}]
        if query.within is not None:
            where["_id"] = {"$in": to_keys(query.within)}
        if query.search:
            where["title_key"] = {"$regex": re.escape(query.search.casefold())}
        name = query.ordering.removeprefix("-")
        direction = -1 if query.ordering.startswith("-") else 1
        sort = [(STORED_NAMES.get(name, name), direction), ("_id", direction)]
        found = FORMS.find(where, sort=sort, limit=query.limit, skip=query.offset)
        return Page(found, FORMS.collection.count_documents(where))
