"""Bringing the numbers of sessions up to what the form store says, exactly once.

Each session is moved from the trail that is counted, which its mark in Redis tells, to the one the
store tells now, by the difference of the two. The first guess is that nothing is counted. Where
that is refused, the session is read anew after the mark is known: what is read then is never older
than what is counted, so a session only moves forward. A rebuild under way gets every move too.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from formplatform.core.errors import UnavailableError
from formplatform.core.events import Event
from formplatform.forms.domain import FormResponse, Session
from formplatform.forms.events import ResponseDeleted, SessionAdvanced
from formplatform.forms.storage.registry import get_store

from . import aggregator
from .counting import ROUNDS, is_worth_waiting
from .marks import ABSENT, Names, decode, encode, names_of_form
from .server_functions import Status
from .session_numbers import SessionMove, SessionOutcome
from .trails import Trail, difference, trail_of


@dataclass(frozen=True, slots=True)
class Due:
    """A session to be counted, of which `expected` is believed to be counted."""

    session_id: str
    expected: bytes = ABSENT
    shadow: int | None = None


def count_sessions(events: Sequence[Event]) -> None:
    """Count the sessions a batch of events is about. Idempotent, in any order.

    A deleted response takes its session out. Raises UnavailableError or the client's error.
    """
    advanced = {event.session_id: event for event in events if isinstance(event, SessionAdvanced)}
    deleted = {event.response_id for event in events if isinstance(event, ResponseDeleted)}
    withdrawn = {response.session_id for response in _find_responses(deleted)} - {None}
    found = get_store().find_sessions({*advanced, *filter(None, withdrawn)})
    for session_id in advanced.keys() - {session.id for session in found}:
        is_worth_waiting(advanced[session_id])
    settle_sessions(found)


def settle_sessions(sessions: Iterable[Session], *, shadow: int | None = None) -> None:
    """Count every session as it is stored. Raises UnavailableError."""
    known = {session.id: session for session in sessions}
    waiting = [Due(session_id, shadow=shadow) for session_id in known]
    for _ in range(ROUNDS):
        if not waiting:
            return
        moves = _moves(waiting, known)
        outcomes = aggregator.current().sessions.advance(moves)
        waiting = [
            later
            for move, outcome in zip(moves, outcomes, strict=True)
            for later in _later(move, outcome)
        ]
        wanted = {due.session_id for due in waiting}
        known = {session.id: session for session in get_store().find_sessions(wanted)}
    raise UnavailableError("Others keep changing the same sessions; try again.")


def _later(move: SessionMove, outcome: SessionOutcome) -> list[Due]:
    """What is left to do after a call."""
    if outcome.status is Status.OTHER_GENERATION:
        return [Due(move.session_id)]
    if outcome.status is Status.REFUSED and outcome.stored != move.target:
        return [Due(move.session_id, outcome.stored, move.shadow)]
    if outcome.rebuild is None or move.shadow is not None:
        return []
    return [Due(move.session_id, shadow=outcome.rebuild)]


def _moves(waiting: Sequence[Due], known: Mapping[str, Session]) -> list[SessionMove]:
    sessions = [known[due.session_id] for due in waiting if due.session_id in known]
    trails = _trails(sessions)
    names = {form_id: names_of_form(form_id) for form_id in {each.form_id for each in sessions}}
    return [
        _move(due, known[due.session_id], trails[due.session_id], names)
        for due in waiting
        if due.session_id in known
    ]


def _move(
    due: Due, session: Session, trail: Trail | None, names_of: Mapping[str, Names]
) -> SessionMove:
    names = names_of[session.form_id]
    return SessionMove(
        form_id=session.form_id,
        session_id=session.id,
        expected=due.expected,
        target=encode(trail, names),
        steps=difference(decode(due.expected, names), trail),
        shadow=due.shadow,
    )


def _trails(sessions: Collection[Session]) -> dict[str, Trail | None]:
    """None for a session that ended in a response which was deleted since."""
    ended = _find_responses({each.response_id for each in sessions if each.response_id})
    deleted = {response.id for response in ended if response.deleted_at is not None}
    return {
        session.id: None if session.response_id in deleted else trail_of(session)
        for session in sessions
    }


def _find_responses(ids: Collection[str]) -> list[FormResponse]:
    return get_store().find_responses(ids) if ids else []
