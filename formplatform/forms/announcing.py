"""Telling the workers, soon and cheaply, that something was stored.

The request only puts a key on an in-process queue; a daemon thread sends the keys to the broker,
one message for all that came in within GATHER_SECONDS. What is dropped here (a full queue, a
dead process, a broker that is down) is found by the sweep: this is a hint, never the truth.
"""

import atexit
import logging
import os
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator

from celery import Task
from django.conf import settings

from formplatform.core.publishing import BROKER_ERRORS

from .domain import FormVersion
from .outbox import version_key
from .tasks import dispatch_responses, dispatch_sessions, dispatch_versions

logger = logging.getLogger(__name__)

Dispatch = Task[[list[str]], None]
News = tuple[Dispatch, str]

GATHER_SECONDS = 0.15
LARGEST_BATCH = 200
LONGEST_QUEUE = 10_000
REST_SECONDS = 1.0
"""After a failure the broker is left alone for so long."""
FAREWELL_SECONDS = 2.0


class Announcer:
    """A queue of news and the thread that empties it."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._news: queue.SimpleQueue[News | None] = queue.SimpleQueue()

    def put(self, task: Dispatch, key: str) -> None:
        """Never blocks, never raises."""
        if self._thread is None:
            self._start()
        if self._news.qsize() < LONGEST_QUEUE:
            self._news.put((task, key))

    def farewell(self) -> None:
        """Send what waits, for a moment; the sweep finds the rest."""
        if self._thread is not None:
            self._news.put(None)
            self._thread.join(FAREWELL_SECONDS)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        for batch in self._batches():
            keys: dict[Dispatch, list[str]] = defaultdict(list)
            for task, key in batch:
                keys[task].append(key)
            for task, found in keys.items():
                try:
                    is_sent = send(task, found)
                except Exception:  # whatever it was, this thread has more to send
                    logger.exception("could not announce; the sweep will publish")
                    is_sent = False
                if not is_sent:
                    time.sleep(REST_SECONDS)

    def _batches(self) -> Iterator[list[News]]:
        """Until the farewell."""
        while (first := self._news.get()) is not None:
            time.sleep(GATHER_SECONDS)
            batch = [first]
            while len(batch) < LARGEST_BATCH and not self._news.empty():
                if (news := self._news.get()) is None:
                    yield batch
                    return
                batch.append(news)
            yield batch


def send(task: Dispatch, keys: Collection[str], *, queue: str = "") -> bool:
    """One message; False where the broker is down."""
    line = queue or settings.CELERY_TASK_DEFAULT_QUEUE
    try:
        task.apply_async((list(keys),), retry=False, queue=line)
    except BROKER_ERRORS as error:
        logger.warning("broker down; the sweep will publish", extra={"error": error})
        return False
    return True


_announcer = Announcer()


def _begin_anew() -> None:
    """In a fork: the thread, and whoever held a lock, stayed with the parent."""
    global _announcer  # noqa: PLW0603 - one announcer per process
    _announcer = Announcer()


os.register_at_fork(after_in_child=_begin_anew)


@atexit.register
def say_farewell() -> None:
    """Send what waits before the process ends."""
    _announcer.farewell()


def announce(response_id: str) -> None:
    _put(dispatch_responses, response_id)


def announce_many(response_ids: Collection[str]) -> None:
    """A batch of an import: straight to the broker, in this thread, and into a queue of its own."""
    if response_ids:
        send(dispatch_responses, response_ids, queue=settings.IMPORT_QUEUE)


def announce_session(session_id: str) -> None:
    _put(dispatch_sessions, session_id)


def announce_version(version: FormVersion) -> None:
    _put(dispatch_versions, version_key(version))


def _put(task: Dispatch, key: str) -> None:
    if settings.OUTBOX_INLINE:
        task.delay([key])
    else:
        _announcer.put(task, key)
