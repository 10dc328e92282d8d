"""A form whose responses change now, as the platform stamps them."""

from dataclasses import replace

from formplatform.core import clock
from formplatform.forms.domain import revision_of
from tests.factories.forms import FormResponseFactory


class Log:
    def __init__(self, form_id, store):
        self.form_id = form_id
        self.store = store
        self.live = {}

    def submit(self, *answers, **given):
        rows = [FormResponseFactory(form_id=self.form_id, data=each, **given) for each in answers]
        self.store.insert_responses(rows)
        self.live |= {row.id: row for row in rows}
        return rows

    def edit(self, row, **changes):
        given = {"revision": row.revision + 1, "updated_at": clock.now()} | changes
        newer = replace(row, **given)
        assert self.store.replace_response(
            newer, expected_revision=row.revision, previous=revision_of(row)
        )
        self.live[row.id] = newer
        return newer

    def delete(self, row):
        self.edit(row, deleted_at=clock.now())
        del self.live[row.id]

    def ages(self):
        return sorted(row.data["age"] for row in self.live.values())
