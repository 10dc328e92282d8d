"""Publishing what is stored. Every response, version and session is its own outbox row.

Publish first, then mark: a crash in between publishes twice, and every subscriber is idempotent.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from formplatform.core.clock import now, to_text
from formplatform.core.publishing import publish

from .domain import FormResponse, FormVersion, Session
from .events import (
    FormPublished,
    ResponseDeleted,
    ResponseEvent,
    ResponseSubmitted,
    ResponseUpdated,
    SessionAdvanced,
)
from .storage.registry import get_store

STALE_AFTER = timedelta(seconds=30)
"""Younger records are merely on their way."""


def dispatch(response_ids: Sequence[str]) -> None:
    """Publish what these responses still owe. Raises the broker's error: nothing is marked then."""
    store = get_store()
    owing = [r for r in store.find_responses(response_ids) if r.revision > r.dispatched_revision]
    _dispatch_responses(owing)


def dispatch_sessions(session_ids: Sequence[str]) -> None:
    found = get_store().find_sessions(session_ids)
    _dispatch_sessions([s for s in found if s.revision > s.dispatched_revision])


def dispatch_versions(versions: Sequence[FormVersion]) -> None:
    publish([_published(version) for version in versions])
    for version in versions:
        get_store().mark_version_dispatched(version.form_id, version.number, at=now())


def dispatch_stale(*, limit: int = 1000, before: datetime | None = None) -> int:
    """Publish what a crash or a broker outage left behind; returns how many records."""
    store, moment = get_store(), before or now() - STALE_AFTER
    responses = store.find_undispatched(before=moment, limit=limit)
    sessions = store.find_undispatched_sessions(before=moment, limit=limit)
    versions = store.find_undispatched_versions(before=moment, limit=limit)
    _dispatch_responses(responses)
    _dispatch_sessions(sessions)
    dispatch_versions(versions)
    return len(responses) + len(sessions) + len(versions)


def _dispatch_responses(responses: Sequence[FormResponse]) -> None:
    if responses:
        publish([event for response in responses for event in _events_of(response)])
        published = {response.id: response.revision for response in responses}
        get_store().mark_dispatched(published, at=now())


def _dispatch_sessions(sessions: Sequence[Session]) -> None:
    if sessions:
        publish([_advanced(session) for session in sessions])
        published = {session.id: session.revision for session in sessions}
        get_store().mark_sessions_dispatched(published, at=now())


def _events_of(response: FormResponse) -> Iterator[ResponseEvent]:
    """One event per unpublished revision; its id depends on nothing but the revision."""
    for revision in range(response.dispatched_revision + 1, response.revision + 1):
        yield _event_type(response, revision)(
            id=f"evt_{response.id}_{revision}",
            occurred_at=to_text(response.submitted_at if revision == 1 else response.updated_at),
            form_id=response.form_id,
            response_id=response.id,
            revision=revision,
            version=response.version,
        )


def _event_type(response: FormResponse, revision: int) -> type[ResponseEvent]:
    if revision == 1:
        return ResponseSubmitted
    if response.deleted_at is not None and revision == response.revision:
        return ResponseDeleted
    return ResponseUpdated


def _published(version: FormVersion) -> FormPublished:
    return FormPublished(
        id=f"evt_{version.form_id}_v{version.number}",
        occurred_at=to_text(version.published_at),
        form_id=version.form_id,
        version=version.number,
    )


def _advanced(session: Session) -> SessionAdvanced:
    return SessionAdvanced(
        id=f"evt_{session.id}_{session.revision}",
        occurred_at=to_text(session.updated_at),
        form_id=session.form_id,
        session_id=session.id,
        revision=session.revision,
    )
