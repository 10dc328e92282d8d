"""The door to the columns of a form."""

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import connections

from analytics.query.fields import Fields
from formplatform.core import clock
from formplatform.core.errors import UnavailableError
from formplatform.forms.storage.registry import get_store

from .compaction import make_room
from .files import DamagedError, check_file
from .folder import ATTEMPTS, Folder
from .following import build, follow
from .patience import OutOfPatienceError, counting, turn_at
from .publishing import is_newest, load, publish, write
from .state import State, empty_state

if TYPE_CHECKING:
    import polars as pl

logger = logging.getLogger(__name__)

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


@dataclass(frozen=True, slots=True)
class Held:
    """What the columns of a form hold before anybody brings them up to date: so many live
    responses, as they were at `as_of`; None while they are read for the first time.
    """

    rows: int
    as_of: datetime | None


class StillReadingError(UnavailableError):
    """The columns of a form are being read: an answer has to wait."""

    code = "columns_being_read"


class Columns:
    """The columns of all forms on disk, brought up to the form store by whoever asks."""

    def __init__(self) -> None:
        self._known: OrderedDict[Path, State] = OrderedDict()
        self._going_on: set[Path] = set()
        self._lock = threading.Lock()

    def get(self, form_id: str, fields: Fields, *, max_age_seconds: float = 0) -> Scan:
        """The live responses of a form, as they are now or were `max_age_seconds` ago at most.

        Raises UnavailableError where the form store is down or the disk refuses, StillReadingError
        where there is more to read than `patience` has; the reading goes on.
        """
        folder = Folder.of(form_id, fields)
        folder.touch()
        youngest = clock.now() - timedelta(seconds=max_age_seconds)
        try:
            with counting():
                state = self._current(folder, form_id, fields, youngest)
        except OutOfPatienceError as over:
            if over.is_reader:
                self._go_on(folder, form_id, fields)
            raise _still_reading(folder, form_id) from None
        self._remember(state)
        return Scan(state.frame(fields), state.place, state.rows)

    def peek(self, form_id: str, fields: Fields) -> Held:
        """What is there, in this process or on disk. Asks the store nothing, reads no response.

        Raises UnavailableError where the disk refuses.
        """
        folder = Folder.of(form_id, fields)
        try:
            state = self._find(folder) or load(empty_state(folder, fields), glance=True)
        except OSError as error:
            raise UnavailableError(f"{UNWRITABLE} ({error.strerror or error})") from error
        if state is None:
            return Held(0, None)
        return Held(state.rows, state.place if state.is_whole else None)

    def _current(self, folder: Folder, form_id: str, fields: Fields, youngest: datetime) -> State:
        for _ in range(ATTEMPTS):
            try:
                state = self._find(folder)
                if (
                    state is None or not youngest <= state.place <= clock.now()
                ):  # clocks are set back
                    state = self._newest(state, folder, form_id, fields)
                break
            except FileNotFoundError:  # replaced by another process while we were reading
                self._forget(folder)
            except OSError as error:
                raise UnavailableError(f"{UNWRITABLE} ({error.strerror or error})") from error
        else:
            raise UnavailableError(UNWRITABLE)
        return state

    def _go_on(self, folder: Folder, form_id: str, fields: Fields) -> None:
        """Have the rest read by a thread of this process, whoever asked."""
        rest = threading.Thread(target=self._finish, args=(folder, form_id, fields), daemon=True)
        with self._lock:
            if folder.path not in self._going_on:
                rest.start()  # which fails where the machine has no more threads
                self._going_on.add(folder.path)

    def _finish(self, folder: Folder, form_id: str, fields: Fields) -> None:
        try:
            self.get(form_id, fields)
        except UnavailableError as error:
            logger.warning("columns are not read", extra={"form_id": form_id, "error": error})
        finally:
            with self._lock:
                self._going_on.discard(folder.path)
            connections.close_all()

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
        with turn_at(folder.lock):
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


def _still_reading(folder: Folder, form_id: str) -> StillReadingError:
    found = folder.find_manifest()
    done, total = found[1].count if found else 0, get_store().change_mark(form_id)[0]
    message = (
        "The responses of this form are being read for queries, which takes a while the first time "
        f"and after changes of its fields: {done} of {total} are. Try again in a moment."
    )
    return StillReadingError(message)


COLUMNS = Columns()
