"""Bringing the numbers of sessions up to what the form store says, exactly once.

Each session is moved from the trail that is counted, which its mark in Redis tells, to the one the
store tells now, by the difference of the two. The first guess is that nothing is counted. Where
that is refused, the session is read anew after the mark is known: what is read then is never older
than what is counted, so a session only moves forward. A rebuild under way gets every move too.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from formplatform.core.errors import UnavailableError
from formplatform.core.events import Event
from formplatform.forms.domain import FormResponse, Session
from formplatform.forms.events import ResponseDeleted, SessionAdvanced
from formplatform.forms.storage.registry import get_store

from . import aggregator, keys
from .contributions.trails import Trail, names_in, steps_between, trail_of
from .counting import GROUP, PATIENCE, ROUNDS, SHADOW_GROUP, is_worth_waiting
from .numbers.marks import ABSENT, Names, decode, encode, names_of_form
from .numbers.server_functions import Status
from .numbers.session_numbers import SessionClaim, SessionMove, SessionOutcome


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
    for number in range(ROUNDS):
        if not waiting:
            return
        moves = [*_moves(waiting, known, together=number < PATIENCE)]
        outcomes = aggregator.current().sessions.advance(moves)
        waiting = [
            later
            for move, outcome in zip(moves, outcomes, strict=True)
            for later in _later(move, outcome)
        ]
        if waiting:
            wanted = {due.session_id for due in waiting}
            known = {session.id: session for session in get_store().find_sessions(wanted)}
    raise UnavailableError("Others keep changing the same sessions; try again.")


def _later(move: SessionMove, outcome: SessionOutcome) -> Iterator[Due]:
    """What is left to do after a call."""
    stored = outcome.stored or [claim.target for claim in move.claims]
    for claim, mark in zip(move.claims, stored, strict=True):
        if outcome.status is Status.OTHER_GENERATION:
            yield Due(claim.session_id)
        elif mark != claim.target:
            yield Due(claim.session_id, mark, move.shadow)
        elif outcome.rebuild is not None and move.shadow is None:
            yield Due(claim.session_id, shadow=outcome.rebuild)


def _moves(
    waiting: Sequence[Due], known: Mapping[str, Session], *, together: bool
) -> Iterator[SessionMove]:
    """Those of one form and destination together: one call counts them all, or says why not."""
    dues = [due for due in waiting if due.session_id in known]
    trails = _trails([known[due.session_id] for due in dues])
    kinds: dict[tuple[str, int | None], list[Due]] = {}
    for due in sorted(dues, key=lambda due: keys.bucket_of(due.session_id)):
        kinds.setdefault((known[due.session_id].form_id, due.shadow), []).append(due)
    for (form_id, shadow), some in kinds.items():
        wanted = {name for due in some for name in names_in(known[due.session_id])}
        names = names_of_form(form_id, wanted)
        size = (GROUP if shadow is None else SHADOW_GROUP) if together else 1
        for start in range(0, len(some), size):
            yield _move(form_id, some[start : start + size], trails, names)


def _move(
    form_id: str, group: Sequence[Due], trails: Mapping[str, Trail | None], names: Names
) -> SessionMove:
    ways = [(decode(due.expected, names), trails[due.session_id]) for due in group]
    claims = [
        SessionClaim(due.session_id, due.expected, encode(trail, names))
        for due, (_, trail) in zip(group, ways, strict=True)
    ]
    steps = steps_between(ways)
    return SessionMove(form_id=form_id, claims=claims, steps=steps, shadow=group[0].shadow)


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
