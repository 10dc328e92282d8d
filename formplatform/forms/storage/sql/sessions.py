"""Respondents' sessions in SQL."""

from collections.abc import Collection, Iterator

from formplatform.forms.domain import Session
from formplatform.forms.storage.merging import merge_until_stored

from .outages import answering
from .records import SESSIONS


class Sessions:
    @answering()
    def merge_session(self, session: Session) -> Session:
        return merge_until_stored(
            session,
            find=lambda session_id: SESSIONS.first(id=session_id),
            insert=lambda new: SESSIONS.insert([new]) == 1,
            replace_at=_replace_at,
        )

    @answering()
    def find_session(self, form_id: str, session_id: str) -> Session | None:
        return SESSIONS.first(id=session_id, form_id=form_id)

    @answering()
    def find_sessions(self, session_ids: Collection[str]) -> list[Session]:
        return SESSIONS.read(SESSIONS.rows.filter(id__in=set(session_ids)))

    def scan_sessions(self, form_id: str, *, batch: int = 1000) -> Iterator[list[Session]]:
        after_id = ""
        rows = SESSIONS.rows.filter(form_id=form_id).order_by("id")
        while True:
            with answering():
                found = SESSIONS.read(rows.filter(id__gt=after_id)[:batch])
            if found:
                yield found
                after_id = found[-1].id
            if len(found) < batch:
                return


def _replace_at(session: Session, expected_revision: int) -> bool:
    values = SESSIONS.values(session)
    del values["dispatched_revision"]  # the outbox may have moved it meanwhile
    rows = SESSIONS.rows.filter(id=session.id, revision=expected_revision)
    return rows.update(**values) == 1
