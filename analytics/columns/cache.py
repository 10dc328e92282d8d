"""The door to the columns of a form."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.query.fields import Fields
from formplatform.core import clock
from formplatform.core.errors import UnavailableError

from .compaction import make_room
from .files import DamagedError, check_file, locked
from .folder import ATTEMPTS, Folder
from .following import build, follow
from .publishing import is_newest, load, publish, write
from .state import State, empty_state

if TYPE_CHECKING:
    import polars as pl

KNOWN_STATES = 128
"""Forms of which a process remembers what it learned beyond the disk: some hundred rows each."""
UNWRITABLE = "The columns cannot be kept: check the disk of ANALYTICS_COLUMNS_PATH."


@dataclass(frozen=True, slots=True)
class Scan:
    """The live responses of a form as columns.

    `frame` has one row per response: `id` and what `analytics.query` calls columns. It is to be
    collected within minutes: its files may be replaced later. It holds every response committed
    before `as_of`, a few seconds ago at most, and none that was deleted by then. `rows` is their
    number.
    """

    frame: "pl.LazyFrame"
    as_of: datetime
    rows: int


class Columns:
    """The columns of all forms on disk, brought up to the form store by whoever asks."""

    def __init__(self) -> None:
        self._known: OrderedDict[Path, State] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, form_id: str, fields: Fields, *, max_age_seconds: float = 0) -> Scan:
        """The live responses of a form, as they are now or were `max_age_seconds` ago at most.

        Raises UnavailableError where the form store is down or the disk refuses.
        """
        folder = Folder.of(form_id, fields)
        folder.touch()
        now = clock.now()
        youngest = now - timedelta(seconds=max_age_seconds)
        for _ in range(ATTEMPTS):
            try:
                state = self._find(folder)
                if state is None or not youngest <= state.place <= now:  # clocks are set back
                    state = self._newest(state, folder, form_id, fields)
                break
            except FileNotFoundError:  # replaced by another process while we were reading
                self._forget(folder)
            except OSError as error:
                raise UnavailableError(f"{UNWRITABLE} ({error.strerror or error})") from error
        else:
            raise UnavailableError(UNWRITABLE)
        self._remember(state)
        return Scan(state.frame(fields), state.place, state.rows)

    def clear(self) -> None:
        """Forget what this process knows; the disk stays."""
        with self._lock:
            self._known.clear()

    def _newest(self, known: State | None, folder: Folder, form_id: str, fields: Fields) -> State:
        state = known or load(empty_state(folder, fields))
        followed = follow(state, form_id, fields) if state and state.is_whole else None
        if followed is None:
            followed = self._built(state, folder, form_id, fields)
        published = publish(followed)
        if published.base != followed.base:
            make_room(keep=folder)
        return published

    def _built(self, stale: State | None, folder: Folder, form_id: str, fields: Fields) -> State:
        """Read everything, unless another process did while we waited for our turn."""
        begun = empty_state(folder, fields)
        with locked(folder.lock):
            found = load(begun)
            if found is not None and not found.is_whole:
                begun = found
            elif found is not None and (stale is None or found.base != stale.base):
                followed = follow(found, form_id, fields)
                if followed is not None:
                    return followed
            built = write(build(begun, form_id, fields))
        make_room(keep=folder)
        return built

    def _find(self, folder: Folder) -> State | None:
        """What this process answered from last, unless the disk has something newer."""
        with self._lock:
            known = self._known.get(folder.path)
        if known is None or not is_newest(known):
            return None
        try:
            for segment in known.segments:
                check_file(folder.path, segment.mark)
        except (DamagedError, FileNotFoundError):
            return None
        return known

    def _forget(self, folder: Folder) -> None:
        with self._lock:
            self._known.pop(folder.path, None)

    def _remember(self, state: State) -> None:
        with self._lock:
            self._known[state.folder.path] = state
            self._known.move_to_end(state.folder.path)
            while len(self._known) > KNOWN_STATES:
                self._known.popitem(last=False)


COLUMNS = Columns()
