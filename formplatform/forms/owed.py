"""The events that stored records still owe: the same however often they are made."""

from collections.abc import Collection, Iterator

from formplatform.core.clock import to_text

from .domain import FormResponse, FormVersion, Revision, Session, revision_of
from .events import (
    FormPublished,
    ResponseDeleted,
    ResponseEvent,
    ResponseSubmitted,
    ResponseUpdated,
    SessionAdvanced,
)
from .storage.registry import get_store


def events_of_responses(responses: Collection[FormResponse]) -> Iterator[ResponseEvent]:
    """One event per unpublished revision, in the order of the revisions."""
    earlier = _earlier_revisions(responses)
    for response in responses:
        for number in range(response.dispatched_revision + 1, response.revision):
            fact = earlier.get((response.id, number))
            if fact is not None:
                yield _event_of(fact)
        if response.revision > response.dispatched_revision:
            yield _event_of(revision_of(response))


def event_of_version(version: FormVersion) -> FormPublished:
    return FormPublished(
        id=f"evt_{version.form_id}_v{version.number}",
        occurred_at=to_text(version.published_at),
        form_id=version.form_id,
        version=version.number,
    )


def event_of_session(session: Session) -> SessionAdvanced:
    return SessionAdvanced(
        id=f"evt_{session.id}_{session.revision}",
        occurred_at=to_text(session.updated_at),
        form_id=session.form_id,
        session_id=session.id,
        revision=session.revision,
    )


def _earlier_revisions(
    responses: Collection[FormResponse],
) -> dict[tuple[str, int], Revision]:
    """Read only where more than one revision is owed, which is rare."""
    wanted = {
        (response.id, number)
        for response in responses
        for number in range(response.dispatched_revision + 1, response.revision)
    }
    found = get_store().find_revisions(wanted) if wanted else []
    return {(fact.response_id, fact.revision): fact for fact in found}


def _event_of(fact: Revision) -> ResponseEvent:
    return _event_type(fact)(
        id=f"evt_{fact.response_id}_{fact.revision}",
        occurred_at=to_text(fact.at),
        form_id=fact.form_id,
        response_id=fact.response_id,
        revision=fact.revision,
        version=fact.version,
    )


def _event_type(fact: Revision) -> type[ResponseEvent]:
    if fact.data is None:
        return ResponseDeleted
    return ResponseSubmitted if fact.revision == 1 else ResponseUpdated
