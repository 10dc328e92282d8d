"""Columns on their way to disk and back.

Whoever learned enough writes it down for the others, if nobody else is at it: no reader waits for
a writer. Only a first reading is waited for, as two would take twice as long.
"""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from .files import DamagedError, locked
from .folder import ATTEMPTS, Folder, Manifest
from .state import ROW, SEGMENT_ROWS, WHERE, State

if TYPE_CHECKING:
    import polars as pl

logger = logging.getLogger(__name__)

WORTH_WRITING = 500
"""Changes that are read from the store again by each process rather than written down."""


def load(empty: State, *, glance: bool = False) -> State | None:
    """What is on disk in the folder of an empty state; None where nothing whole is.

    At a glance no segment is read: it is there, and as large as it was.
    """
    folder = empty.folder
    for _ in range(ATTEMPTS):
        try:
            found = folder.find_manifest()
            if found is None:
                return None
            folder.check(found[1], glance=glance)
            return _state(empty, *found)
        except DamagedError as error:
            logger.warning("columns are damaged and read again", extra=place_of(folder, error))
            return None
        except FileNotFoundError:
            continue
    return None


def publish(state: State) -> State:
    """Write a state down, unless somebody else is at it or was before."""
    if state.changed < WORTH_WRITING:
        return state
    try:
        with locked(state.folder.lock, wait=False) as mine:
            return write(_tail_merged(state)) if mine and is_newest(state) else state
    except OSError as error:
        logger.warning("columns cannot be written", extra=place_of(state.folder, error))
        return state


def is_newest(state: State) -> bool:
    return state.folder.base() == state.base


def write(state: State) -> State:
    """Put a state in the place of what is on disk. Only for the holder of the folder's lock."""
    state, folder = state.flushed(), state.folder
    dead, gone = _dead_frame(state), state.gone
    manifest = Manifest(
        count=state.count,
        revisions=state.revisions,
        place=state.place,
        compacted_at=state.compacted_at,
        is_whole=state.is_whole,
        segments=state.segments,
        dead=None if dead is None else folder.write_frame(dead),
        gone=None if gone.is_empty() else folder.write_frame(gone),
    )
    before = folder.find_manifest()
    folder.give_up({*before[1].marks()} - {*manifest.marks()} if before else ())
    base = folder.write_manifest(manifest)
    folder.touch()
    folder.sweep(manifest)
    return replace(state, base=base, changed=0)


def _tail_merged(state: State) -> State:
    """Small segments at the end join what is added, so that many additions make few files."""
    import polars as pl

    columns, pieces = state.delta.columns, [state.delta]
    segments, rows = list(state.segments), state.delta.height
    while segments and segments[-1].rows < 2 * rows and segments[-1].rows + rows <= SEGMENT_ROWS:
        piece = state.live(segments.pop()).select(columns).collect()
        pieces.append(piece)
        rows += piece.height
    names = {segment.mark.name for segment in segments}
    dead = {name: rows for name, rows in state.dead.items() if name in names}
    delta = pl.concat(pieces[::-1])
    return replace(state, segments=tuple(segments), dead=dead, delta=delta)


def place_of(folder: Folder, error: Exception) -> dict[str, object]:
    return {"folder": folder.path.name, "error": error}


def _dead_frame(state: State) -> "pl.DataFrame | None":
    import polars as pl

    parts = [
        pl.DataFrame({WHERE: [name] * rows.len(), ROW: rows}) for name, rows in state.dead.items()
    ]
    return pl.concat(parts) if parts else None


def _state(empty: State, base: str, manifest: Manifest) -> State:
    import polars as pl

    path = empty.folder.path
    dead: dict[str, pl.Series] = {}
    if manifest.dead is not None:
        for (name,), rows in pl.read_ipc(path / manifest.dead.name).group_by(WHERE):
            dead[str(name)] = rows[ROW]
    return replace(
        empty,
        base=base,
        segments=manifest.segments,
        dead=dead,
        gone=empty.gone if manifest.gone is None else pl.read_ipc(path / manifest.gone.name),
        count=manifest.count,
        revisions=manifest.revisions,
        place=manifest.place,
        compacted_at=manifest.compacted_at,
        is_whole=manifest.is_whole,
    )
