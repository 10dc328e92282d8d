"""How long whoever asks waits for a form's columns while they are read.

A form of a million responses takes longer to be read than a proxy waits for an answer. Who asks
over HTTP is told so in time; the reading goes on. Commands and tasks wait as long as it takes.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from .files import locked

PATIENCE_SECONDS = 10.0
LOOK_SECONDS = 0.1
SEATS = threading.BoundedSemaphore(4)
"""So many threads of a process wait for readings: the others have to serve everybody else."""
SEAT_SECONDS = 1.0

_seconds: ContextVar[float | None] = ContextVar("seconds", default=None)
_until: ContextVar[float | None] = ContextVar("until", default=None)


class OutOfPatienceError(Exception):
    """There is more to read than whoever asks waits for; `is_reader`: nobody else reads it."""

    def __init__(self, *, is_reader: bool) -> None:
        super().__init__("out of patience")
        self.is_reader = is_reader


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """Within it columns are waited for so long, each time they are asked for."""
    token = _seconds.set(seconds)
    try:
        yield
    finally:
        _seconds.reset(token)


@contextmanager
def counting() -> Iterator[None]:
    """Patience begins here."""
    seconds = _seconds.get()
    token = _until.set(None if seconds is None else time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def is_over() -> bool:
    until = _until.get()
    return until is not None and time.monotonic() >= until


@contextmanager
def turn_at(lock: Path) -> Iterator[None]:
    """Around a first reading: one process does it, the others wait. Raises OutOfPatienceError."""
    if _until.get() is None:
        with locked(lock):
            yield
        return
    if not SEATS.acquire(timeout=SEAT_SECONDS):
        raise OutOfPatienceError(is_reader=False)
    try:
        with _locked_in_time(lock):
            yield
    finally:
        SEATS.release()


@contextmanager
def _locked_in_time(lock: Path) -> Iterator[None]:
    while True:
        with locked(lock, wait=False) as mine:
            if mine:
                yield
                return
        if is_over():
            raise OutOfPatienceError(is_reader=False)
        time.sleep(LOOK_SECONDS)
