"""Bringing columns up to what the form store says, and proving that they are.

The store lists what changed since a moment by the time stamped on each response. Stamps are made
by many clocks, and before the commit, so they prove nothing. The store's mark does: a state holds
responses at revisions the store once had, so where the number of responses and the sum of their
revisions are the store's, every response is there at its newest revision. Under a stream of
submissions the mark moves on while it is read; then the same is asked of what is older than a few
seconds. What neither proves is read again from further back, at last from the beginning.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from analytics.query.fields import Fields
from formplatform.core import clock
from formplatform.forms.storage.registry import get_store

from .folder import Folder
from .schema import frame_of
from .state import BEGINNING, State, empty_state

logger = logging.getLogger(__name__)

OVERLAPS = (timedelta(seconds=2), timedelta(minutes=1), timedelta(hours=1))
"""How far before the last place changes are looked for: commits end late, clocks differ."""
SETTLED = timedelta(seconds=3)
"""What is older is proved alone while newer responses keep coming in."""
BATCH = 5000


def follow(state: State, form_id: str, fields: Fields) -> State | None:
    """The state with all that changed since; its `place` is the moment it holds for.

    None where that cannot be proved from what changed within the last hour.
    """
    for overlap in OVERLAPS:
        started = clock.now()
        state = _read(state, form_id, fields, since=_earlier(state.place, overlap))
        proved = _proof(state, form_id, started)
        if proved is not None:
            return replace(state, place=proved)
    return None


def build(folder: Folder, form_id: str, fields: Fields) -> State:
    """All responses of a form, read from the beginning."""
    started = clock.now()
    state = _read(empty_state(folder, fields), form_id, fields, since=None)
    state = replace(state, place=started, compacted_at=started)
    proved = follow(state, form_id, fields)
    if proved is None:
        logger.warning("columns hold for the start of their reading", extra={"form_id": form_id})
    return proved or state


def _read(state: State, form_id: str, fields: Fields, *, since: datetime | None) -> State:
    for batch in get_store().scan_changes(form_id, since=since, batch=BATCH):
        state = state.with_changes(frame_of(batch, fields))
    return state


def _proof(state: State, form_id: str, started: datetime) -> datetime | None:
    """The moment for which a state is proved to hold every response."""
    store = get_store()
    if store.change_mark(form_id) == state.totals:
        return started
    settled = started - SETTLED
    if store.change_mark(form_id, before=settled) == state.totals_before(settled):
        return settled
    return None


def _earlier(moment: datetime, by: timedelta) -> datetime:
    return moment - by if moment - BEGINNING > by else BEGINNING
