"""Telling the workers, soon and cheaply, that something was stored.

The request only puts an id on an in-process queue; a daemon thread sends the ids to the broker,
one message for all that came in within a few milliseconds. What is dropped here (a full queue, a
dead process, a broker that is down) is found by the sweep: this is a hint, never the truth.
"""

import atexit
import logging
import os
import queue
import threading
import time
from collections.abc import Sequence

from celery import Task
from django.conf import settings
from kombu.exceptions import OperationalError

from .domain import FormVersion
from .outbox import dispatch_versions
from .tasks import dispatch_responses, dispatch_sessions

logger = logging.getLogger(__name__)

GATHER_SECONDS = 0.02
LARGEST_BATCH = 200
QUEUE_SIZE = 10_000
FAREWELL_SECONDS = 2.0


class Announcer:
    """A queue of ids and the thread that empties it into one task."""

    def __init__(self, task: "Task[[list[str]], None]") -> None:
        self._task = task
        self._ids: queue.Queue[str] = queue.Queue(QUEUE_SIZE)
        self._starting = threading.Lock()
        self._process: int | None = None

    def put(self, record_id: str) -> None:
        """Never blocks, never raises."""
        if settings.OUTBOX_INLINE:
            self._task.delay([record_id])
            return
        if self._process != os.getpid():
            self._start()
        try:
            self._ids.put_nowait(record_id)
        except queue.Full:
            logger.warning("announcements are full; the sweep will find the rest")

    def _start(self) -> None:
        """Once per process: a fork inherits the queue, not the thread."""
        with self._starting:
            if self._process == os.getpid():
                return
            self._ids = queue.Queue(QUEUE_SIZE)
            threading.Thread(
                target=self._run, name=f"announce-{self._task.name}", daemon=True
            ).start()
            atexit.register(self._farewell)
            self._process = os.getpid()

    def _run(self) -> None:
        while True:
            first = self._ids.get()
            time.sleep(GATHER_SECONDS)
            self._send([first, *self._waiting()])

    def _waiting(self) -> list[str]:
        ids: list[str] = []
        while len(ids) < LARGEST_BATCH - 1:
            try:
                ids.append(self._ids.get_nowait())
            except queue.Empty:
                break
        return ids

    def _send(self, ids: Sequence[str]) -> None:
        try:
            self._task.apply_async((list(ids),), retry=False)
        except (OperationalError, OSError) as error:
            logger.warning("broker down; the sweep will publish", extra={"error": repr(error)})

    def _farewell(self) -> None:
        ids = self._waiting()
        if ids:
            self._send(ids)


_responses = Announcer(dispatch_responses)
_sessions = Announcer(dispatch_sessions)


def announce(response_id: str) -> None:
    _responses.put(response_id)


def announce_session(session_id: str) -> None:
    _sessions.put(session_id)


def announce_version(version: FormVersion) -> None:
    """Publishing is rare and nobody waits in line: in the caller, left to the sweep on failure."""
    try:
        dispatch_versions([version])
    except (OperationalError, OSError) as error:
        logger.warning("broker down; the sweep will publish", extra={"error": repr(error)})
