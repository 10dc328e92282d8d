"""Bringing the numbers up to what the form store says, exactly once per revision.

Each response is moved from the revision that is counted to its newest one, together with others of
its form. The first guess is that the revision before is counted, which it nearly always is;
otherwise the answer says which one is, the answers at that revision are read, and the move is made
from there. A rebuild under way gets every move too.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from formplatform.core import clock
from formplatform.core.errors import UnavailableError
from formplatform.core.events import Event
from formplatform.forms.domain import Answers, FormResponse, Revision
from formplatform.forms.events import ResponseEvent, SessionAdvanced
from formplatform.forms.storage.registry import get_store

from . import aggregator
from .contributions.entries import Entry
from .fields.form_fields import fields_of_version
from .numbers.moves import Move, Outcome, make_move
from .numbers.server_functions import Status
from .query.fields import Fields

logger = logging.getLogger(__name__)

GROUP = 500
"""Responses counted by one call: few enough for Redis to be back in two or three milliseconds."""
SHADOW_GROUP = 1000
"""The same for a generation nobody reads yet: it may take some milliseconds."""
PATIENCE = 5
ROUNDS = 20
"""A refusal means that somebody else counted one of the group: progress, but not ours. After some
rounds each response goes by itself.
"""

FORGOTTEN_AFTER = timedelta(days=1)
"""An event whose record has been gone for so long is no longer worth a retry."""


class Due(NamedTuple):
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
        if response_id in found or is_worth_waiting(event)
    )


def due(response: FormResponse, *, at_least: int = 1, shadow: int | None = None) -> Due:
    """What has to be counted for a response to be there at its newest revision."""
    target = max(response.revision, at_least)
    return Due(response, target - 1, target, shadow)


def settle(pending: Iterable[Due]) -> None:
    """Make every move, from whichever revision is counted. Raises UnavailableError."""
    waiting = list(pending)
    for number in range(ROUNDS):
        if not waiting:
            return
        groups = list(_groups(waiting, together=number < PATIENCE))
        facts = _read_facts(waiting)
        outcomes = aggregator.current().apply(_move(group, facts) for group in groups)
        pairs = zip(groups, outcomes, strict=True)
        waiting = [later for group, outcome in pairs for later in _later(group, outcome)]
    raise UnavailableError("Others keep changing the same responses; try again.")


def _groups(waiting: Sequence[Due], *, together: bool) -> Iterator[list[Due]]:
    """Those of one form and destination together: one call counts them all, or says why not."""
    kinds: dict[tuple[str, int | None], list[Due]] = {}
    for each in waiting:
        kinds.setdefault((each.response.form_id, each.shadow), []).append(each)
    for (_, shadow), group in kinds.items():
        size = (GROUP if shadow is None else SHADOW_GROUP) if together else 1
        for start in range(0, len(group), size):
            yield group[start : start + size]


def _later(group: Sequence[Due], outcome: Outcome) -> list[Due]:
    """What is left to do after a call."""
    if outcome.status is Status.OTHER_GENERATION:
        return [each._replace(shadow=None) for each in group]
    if outcome.status is Status.BEHIND:
        return list(group)
    if outcome.status is Status.APPLIED:
        if outcome.rebuild is None:
            return []
        return [again for each in group for again in _for_rebuild(each, outcome)]
    later: list[Due] = []
    for each, stored in zip(group, outcome.stored, strict=True):
        if stored >= each.target:
            later += _for_rebuild(each, outcome)
        else:
            later.append(each._replace(expected=stored))
    return later


def _for_rebuild(each: Due, outcome: Outcome) -> list[Due]:
    if outcome.rebuild is None or each.shadow is not None:
        return []
    return [each._replace(shadow=outcome.rebuild)]


def _move(group: Sequence[Due], facts: "Facts") -> Move:
    return make_move(
        group[0].response.form_id,
        [(each.response.id, each.expected, each.target) for each in group],
        _entries([(each.response, each.expected) for each in group], facts),
        _entries([(each.response, each.target) for each in group], facts),
        group[0].shadow,
    )


Facts = dict[tuple[str, int], Revision]
"""What responses were at revisions that are not their newest."""


def _read_facts(waiting: Sequence[Due]) -> Facts:
    missing = {
        (each.response.id, revision)
        for each in waiting
        for revision in (each.expected, each.target)
        if revision not in (0, each.response.revision)
    }
    found = get_store().find_revisions(missing) if missing else []
    return {(fact.response_id, fact.revision): fact for fact in found}


def _entries(
    revisions: Iterable[tuple[FormResponse, int]], facts: Facts
) -> dict[Fields, list[Entry]]:
    """The answers of responses at these revisions, by version; the deleted have none."""
    found: dict[Fields, list[Entry]] = {}
    for response, revision in revisions:
        if revision == 0:
            continue
        if revision == response.revision:
            version = response.version
            data = response.data if response.deleted_at is None else None
        else:
            version, data = _read(response.id, revision, facts)
        if data is not None:
            entry = response.id, revision, response.submitted_at, data
            found.setdefault(fields_of_version(response.form_id, version), []).append(entry)
    return found


def _read(response_id: str, revision: int, facts: Facts) -> tuple[int, Answers | None]:
    fact = facts.get((response_id, revision))
    if fact is None:
        raise UnavailableError("A revision can't be read yet; try again.", revision=revision)
    return fact.version, fact.data


def is_worth_waiting(event: ResponseEvent | SessionAdvanced) -> bool:
    """False for a record gone for good; raises where it may still turn up."""
    if clock.now() - datetime.fromisoformat(event.occurred_at) < FORGOTTEN_AFTER:
        raise UnavailableError("What the event is about can't be read yet; try again.")
    logger.error("an event is about nothing that is stored", extra={"event": event.id})
    return False
