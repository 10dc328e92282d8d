"""Keeping the columns on disk small: without dead rows, in few files, within their room."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import itemgetter

from django.conf import settings

from formplatform.core import clock

from .files import locked
from .folder import READING_SECONDS, Folder, all_folders
from .publishing import load, place_of, write
from .schema import CHANGED_AT, ID, REVISION
from .state import BEGINNING, SEGMENT_ROWS, State

logger = logging.getLogger(__name__)

DEAD_PERCENT = 5
"""As many dead rows cost a query less than the rewriting."""
DEAD_KEPT = timedelta(days=1)
"""What was edited or deleted leaves the disk after that, however little it is."""
UNUSED_SECONDS = 7 * 86_400
"""Columns nobody asked for are removed: they would keep what was deleted since."""

Progress = Callable[[int], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Compacted:
    """What a compaction did to the columns of one form; sizes in bytes."""

    form_id: str
    rows: int
    removed_rows: int
    files_before: int
    files: int
    bytes_before: int
    bytes: int


def compact(folder: Folder, *, progress: Progress = lambda _: None) -> Compacted | None:
    """Write the live rows anew; None where nothing whole is there. `progress` gets rows read.

    Waits for other writers. Readers go on with the old files, which are removed later.
    """
    with locked(folder.lock):
        before = _load(folder)
        if before is None:
            return None
        after = write(_rewritten(before, progress))
        return Compacted(
            form_id=folder.form_id,
            rows=after.rows,
            removed_rows=before.dead_rows,
            files_before=len(before.segments),
            files=len(after.segments),
            bytes_before=_bytes(before),
            bytes=_bytes(after),
        )


def compact_due() -> None:
    """Compact where it is worth it, remove what nobody can or does use, then what exceeds the room.

    What the disk refuses of one form keeps no other from its turn.
    """
    for folder in all_folders():
        try:
            _tend(folder)
        except OSError as error:
            logger.warning("columns cannot be compacted", extra=place_of(folder, error))
    make_room()


def _tend(folder: Folder) -> None:
    if time.time() - folder.used_at() > UNUSED_SECONDS:
        _remove(folder)
    elif not folder.is_intact():
        _remove(folder, unless=Folder.is_intact)
    else:
        state = _load(folder)
        if state is not None and is_due(state, clock.now()):
            compact(folder)
        _sweep(folder)


def is_due(state: State, moment: datetime) -> bool:
    if state.dead_rows * 100 > state.rows * DEAD_PERCENT:
        return True
    return state.dead_rows > 0 and moment - state.compacted_at > DEAD_KEPT


def make_room(keep: Folder | None = None) -> None:
    """Remove the least recently used columns beyond ANALYTICS_COLUMNS_MAX_BYTES.

    What was used within the last minutes stays, as a query may be reading it.
    """
    found = sorted(_used_sizes(), key=itemgetter(0))
    excess = sum(size for _, size, _ in found) - settings.ANALYTICS_COLUMNS_MAX_BYTES
    for _, size, folder in found:
        in_use = time.time() - folder.used_at() < READING_SECONDS
        if excess > 0 and not in_use and folder != keep and _remove(folder):
            excess -= size


def _used_sizes() -> Iterator[tuple[float, int, Folder]]:
    for folder in all_folders():
        try:
            yield folder.used_at(), folder.size(), folder
        except OSError as error:  # no reason to answer nobody
            logger.warning("columns cannot be looked at", extra=place_of(folder, error))


def _remove(folder: Folder, *, unless: Callable[[Folder], bool] = lambda _: False) -> bool:
    """Whether it is gone: not where somebody writes, or made it good in the meantime."""
    with locked(folder.lock, wait=False) as mine:
        removed = mine and not unless(folder)
        if removed:
            folder.remove()
            folder.lock.unlink(missing_ok=True)
        return removed


def _sweep(folder: Folder) -> None:
    with locked(folder.lock, wait=False) as mine:
        found = folder.find_manifest() if mine else None
        if found:
            folder.sweep(found[1])


def _load(folder: Folder) -> State | None:
    """What is on disk, the columns' types read from it."""
    import polars as pl

    found = folder.find_manifest()
    if found is None or not found[1].segments or not folder.is_intact():
        return None
    rows = pl.scan_ipc(folder.path / found[1].segments[0].mark.name, glob=False).head(0).collect()
    return load(
        State(
            folder=folder,
            base="",
            segments=(),
            dead={},
            gone=rows.select(ID, CHANGED_AT, REVISION),
            delta=rows,
            count=0,
            revisions=0,
            place=BEGINNING,
            compacted_at=BEGINNING,
            is_whole=False,
        )
    )


def _rewritten(state: State, progress: Progress) -> State:
    """Large segments without dead rows stay as they are, all others are joined."""
    fresh = replace(state, segments=(), dead={}, compacted_at=clock.now())
    for segment in state.segments:
        is_whole = segment.mark.name not in state.dead and segment.rows * 2 >= SEGMENT_ROWS
        if is_whole and fresh.delta.is_empty():
            fresh = replace(fresh, segments=(*fresh.segments, segment))
        else:
            rows = state.live(segment).select(state.delta.columns).collect()
            fresh = replace(fresh, delta=fresh.delta.vstack(rows))
            fresh = fresh.flushed() if fresh.delta.height >= SEGMENT_ROWS else fresh
        progress(segment.rows)
    return fresh


def _bytes(state: State) -> int:
    return sum(segment.mark.size for segment in state.segments)
