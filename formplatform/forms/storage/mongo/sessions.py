"""Respondents' sessions in MongoDB."""

from collections.abc import Collection, Iterator

from formplatform.forms.domain import Session
from formplatform.forms.storage.merging import merge_until_stored

from .connection import Document
from .kinds import to_key, to_keys
from .outages import answering
from .records import SESSIONS


class Sessions:
    @answering()
    def merge_session(self, session: Session) -> Session:
        return merge_until_stored(
            session,
            find=lambda session_id: SESSIONS.first({"_id": to_key(session_id)}),
            insert=SESSIONS.insert,
            replace_at=_replace_at,
        )

    @answering()
    def find_session(self, form_id: str, session_id: str) -> Session | None:
        return SESSIONS.first({"_id": to_key(session_id), "form_id": to_key(form_id)})

    @answering()
    def find_sessions(self, session_ids: Collection[str]) -> list[Session]:
        return SESSIONS.find({"_id": {"$in": to_keys(session_ids)}})

    def scan_sessions(self, form_id: str, *, batch: int = 1000) -> Iterator[list[Session]]:
        where: Document = {"form_id": to_key(form_id)}
        while True:
            with answering():
                found = SESSIONS.find(where, sort=[("_id", 1)], limit=batch)
            if found:
                yield found
                where["_id"] = {"$gt": to_key(found[-1].id)}
            if len(found) < batch:
                return


def _replace_at(session: Session, expected_revision: int) -> bool:
    return SESSIONS.replace(
        session,
        where={"_id": to_key(session.id), "revision": expected_revision},
        keep={"dispatched_revision"},  # the outbox may have moved it meanwhile
    )
