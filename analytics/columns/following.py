"""Bringing columns up to what the form store says, and proving that they are.

The store lists what changed since a moment by the time stamped on each response. Stamps are made
by many clocks, and before the commit, so they prove nothing. The store's mark does: a state holds
responses at revisions the store once had, so where the number of responses and the sum of their
revisions are the store's, every response is there at its newest revision. Under a stream of
submissions the mark moves on while it is read; then the same is asked of what is older than a few
seconds. What neither proves is read again from further back, at last from the beginning.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime, timedelta

from analytics.query.fields import Fields
from formplatform.core import clock
from formplatform.forms.storage.registry import get_store

from .patience import OutOfPatienceError, is_over
from .publishing import publish, write
from .schema import frame_of
from .state import BEGINNING, State, empty_state

logger = logging.getLogger(__name__)

OVERLAPS = (timedelta(seconds=2), timedelta(minutes=1), timedelta(hours=1))
"""How far before the last place changes are looked for: commits end late, clocks differ."""
SETTLED = (timedelta(seconds=1), timedelta(seconds=3))
"""What is older is proved alone while newer responses keep coming in; commits may take longer."""
BATCH = 5000

Save = Callable[[State], State]
Progress = Callable[[int], object]
_progress: ContextVar[Progress] = ContextVar("progress", default=lambda _: None)


@contextmanager
def reporting(progress: Progress) -> Iterator[None]:
    """Within it `progress` gets the number of responses each time some are read."""
    token = _progress.set(progress)
    try:
        yield
    finally:
        _progress.reset(token)


def follow(state: State, form_id: str, fields: Fields) -> State | None:
    """The state with all that changed since; its `place` is the moment it holds for.

    None where that cannot be proved from what changed within the last hour.
    """
    for overlap in OVERLAPS:
        started = clock.now()
        since = _earlier(min(state.place, started), overlap)  # clocks are set back
        state = _read(state, form_id, fields, since=since, save=publish)
        proved = _proof(state, form_id, started)
        if proved is not None:
            return replace(state, place=proved)
    return None


def build(begun: State, form_id: str, fields: Fields) -> State:
    """All responses of a form, read from the beginning or from where `begun` got to.

    Only for the holder of the folder's lock. What is read is written down on the way, so that
    whoever comes after a killed process goes on rather than begins.
    """
    started, is_new = clock.now(), begun.place == BEGINNING
    since = None if is_new else _earlier(begun.place, OVERLAPS[0])
    state = _read(begun, form_id, fields, since=since, save=write)
    state = replace(state, place=started, compacted_at=started, is_whole=True)
    proved = follow(state, form_id, fields)
    if proved is None and not is_new:
        return build(empty_state(begun.folder, fields), form_id, fields)
    if proved is None:
        logger.warning("columns hold for the start of their reading", extra={"form_id": form_id})
    return proved or state


def _read(
    state: State, form_id: str, fields: Fields, *, since: datetime | None, save: Save
) -> State:
    for batch in get_store().scan_changes(form_id, since=since, batch=BATCH):
        files = len(state.segments)
        state = state.with_changes(frame_of(batch, fields))
        _progress.get()(len(batch))
        enough = len(batch) == BATCH and is_over()
        if enough or len(state.segments) > files:
            place = min(batch[-1].updated_at, clock.now())
            state = save(replace(state, place=max(state.place, place)))
        if enough:
            raise OutOfPatienceError(is_reader=True)
    return state


def _proof(state: State, form_id: str, started: datetime) -> datetime | None:
    """The moment for which a state is proved to hold every response."""
    store = get_store()
    if store.change_mark(form_id) == state.totals:
        return started
    for age in SETTLED:
        settled = started - age
        if store.change_mark(form_id, before=settled) == state.totals_before(settled):
            return settled
    return None


def _earlier(moment: datetime, by: timedelta) -> datetime:
    return moment - by if moment - BEGINNING > by else BEGINNING
