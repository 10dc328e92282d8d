"""Bringing the numbers up to what the form store says, exactly once per revision.

Each response is moved from the revision that is counted to its newest one. The first guess is that
the revision before is counted, which it nearly always is; otherwise the answer says which one is,
the answers at that revision are read, and the move is made from there. A rebuild under way gets
every move too.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from formplatform.core import clock
from formplatform.core.errors import UnavailableError
from formplatform.core.events import Event
from formplatform.forms.domain import FormResponse, Revision, Session, revision_of
from formplatform.forms.events import ResponseEvent, SessionAdvanced
from formplatform.forms.storage.registry import get_store

from . import aggregator
from .aggregator import Move, Outcome, SessionMark, Status
from .contributions import Contribution, contribution_of, difference
from .form_fields import fields_of_version

logger = logging.getLogger(__name__)

ROUNDS = 20
"""Each round ends with another revision counted by somebody else: progress, but not ours."""

FORGOTTEN_AFTER = timedelta(days=1)
"""An event whose record has been gone for so long is no longer worth a retry."""

VIEWED, STARTED, SUBMITTED = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Due:
    """A response to be counted at `target`, where `expected` is believed to be counted."""

    response: FormResponse
    expected: int
    target: int
    shadow: int | None = None


def count_responses(events: Sequence[Event]) -> None:
    """Count what a batch of response events is about. Idempotent, in any order.

    Raises UnavailableError or the Redis client's error; what was counted stays counted.
    """
    wanted: dict[str, ResponseEvent] = {}
    for event in events:
        if isinstance(event, ResponseEvent):
            known = wanted.setdefault(event.response_id, event)
            wanted[event.response_id] = max(known, event, key=lambda each: each.revision)
    found = {response.id: response for response in get_store().find_responses(wanted)}
    settle(
        due(found[response_id], at_least=event.revision)
        for response_id, event in wanted.items()
        if response_id in found or _is_worth_waiting(event)
    )


def due(response: FormResponse, *, at_least: int = 1, shadow: int | None = None) -> Due:
    """What has to be counted for a response to be there at its newest revision."""
    target = max(response.revision, at_least)
    return Due(response, target - 1, target, shadow)


def settle(pending: Iterable[Due]) -> None:
    """Make every move, from whichever revision is counted. Raises UnavailableError."""
    waiting = list(pending)
    for _ in range(ROUNDS):
        if not waiting:
            return
        outcomes = aggregator.current().apply(_moves(waiting))
        pairs = zip(waiting, outcomes, strict=True)
        waiting = [later for each, outcome in pairs for later in _later(each, outcome)]
    raise UnavailableError("Others keep changing the same responses; try again.")


def _later(each: Due, outcome: Outcome) -> list[Due]:
    """What is left to do after a call."""
    if outcome.status is Status.OTHER_REVISION:
        return [replace(each, expected=outcome.stored)]
    if outcome.status is Status.OTHER_GENERATION:
        return [replace(each, shadow=None)]
    if outcome.rebuild is not None and each.shadow is None:
        return [replace(each, shadow=outcome.rebuild)]
    return []


def _moves(waiting: Sequence[Due]) -> list[Move]:
    facts = _read_facts(waiting)
    return [
        Move(
            form_id=each.response.form_id,
            response_id=each.response.id,
            expected=each.expected,
            target=each.target,
            steps=difference(
                _contribution(each.response, each.expected, facts),
                _contribution(each.response, each.target, facts),
            ),
            shadow=each.shadow,
        )
        for each in waiting
    ]


Facts = dict[tuple[str, int], Revision]


def _read_facts(waiting: Sequence[Due]) -> Facts:
    """The answers of every response at both ends of its move."""
    facts: Facts = {}
    missing: set[tuple[str, int]] = set()
    for each in waiting:
        newest = revision_of(each.response)
        facts[newest.response_id, newest.revision] = newest
        for revision in {each.expected, each.target} - {0, newest.revision}:
            missing.add((each.response.id, revision))
    if missing:
        found = get_store().find_revisions(missing)
        facts |= {(fact.response_id, fact.revision): fact for fact in found}
    return facts


def _contribution(response: FormResponse, revision: int, facts: Facts) -> Contribution:
    if revision == 0:
        return Contribution()
    fact = facts.get((response.id, revision))
    if fact is None:
        raise UnavailableError("A revision can't be read yet; try again.", revision=revision)
    if fact.data is None:
        return Contribution()
    fields = fields_of_version(response.form_id, fact.version)
    return contribution_of(fact.data, submitted_at=response.submitted_at, fields=fields)


def count_sessions(events: Sequence[Event]) -> None:
    """Count the steps of the sessions a batch of events is about. Idempotent, in any order."""
    wanted = {event.session_id: event for event in events if isinstance(event, SessionAdvanced)}
    found = {session.id: session for session in get_store().find_sessions(wanted)}
    settle_sessions(
        mark_of(found[session_id])
        for session_id, event in wanted.items()
        if session_id in found or _is_worth_waiting(event)
    )


def mark_of(session: Session, *, shadow: int | None = None) -> SessionMark:
    """The steps of a session as bits; whoever submits has started and seen the form."""
    steps = VIEWED
    if session.started_at is not None or session.pages:
        steps |= STARTED
    if session.submitted_at is not None:
        steps |= STARTED | SUBMITTED
    return SessionMark(form_id=session.form_id, session_id=session.id, steps=steps, shadow=shadow)


def settle_sessions(pending: Iterable[SessionMark]) -> None:
    """Count every mark. Raises UnavailableError."""
    waiting = list(pending)
    for _ in range(ROUNDS):
        if not waiting:
            return
        later: list[SessionMark] = []
        outcomes = aggregator.current().advance(waiting)
        for mark, outcome in zip(waiting, outcomes, strict=True):
            if outcome.status is Status.OTHER_GENERATION:
                later.append(replace(mark, shadow=None))
            elif outcome.rebuild is not None and mark.shadow is None:
                later.append(replace(mark, shadow=outcome.rebuild))
        waiting = later
    raise UnavailableError("The numbers keep being rebuilt; try again.")


def _is_worth_waiting(event: ResponseEvent | SessionAdvanced) -> bool:
    """False for a record gone for good; raises where it may still turn up."""
    if clock.now() - datetime.fromisoformat(event.occurred_at) < FORGOTTEN_AFTER:
        raise UnavailableError("What the event is about can't be read yet; try again.")
    logger.error("an event is about nothing that is stored", extra={"event": event.id})
    return False
