"""The event loop that serves every live stream of this process, in a thread of its own.

One command to Redis asks for the versions of every watched form, five times a second; who moved
is read again, once for all its streams. What blocks (Redis, queries, permissions) happens in a
few threads beside the loop.
"""

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.db import close_old_connections

from analytics.metrics import numbers_tag
from analytics.places import Places
from caching.keys import tag_key
from caching.redis_client import CACHE_ERRORS, read_many, shared_client
from formplatform.core.errors import NotFoundError, PermissionDeniedError, PlatformError

from .sources import Source
from .streams import Opening, Stream
from .topics import Topic

logger = logging.getLogger(__name__)
Found = TypeVar("Found")
Versions = dict[str, bytes | None]

WATCH_SECONDS = 0.2
LOOK_SECONDS = 0.5
IDLE_SECONDS = 60.0
"""How long a topic nobody watches is remembered, for readers who come back."""
MOST_TOPICS = 2000
"""Beyond so many nobody's topic is remembered."""
AWAY_SECONDS = 1.0
"""How long a source that cannot be read is left alone, and Redis after what went wrong there."""


class Hub:
    def __init__(self) -> None:
        self.places = Places(
            "live streams",
            per_person=lambda: settings.LIVE_STREAMS_PER_USER,
            per_process=lambda: settings.LIVE_STREAMS_PER_PROCESS,
        )
        self._topics: dict[Source, Topic] = {}
        self._loop = asyncio.new_event_loop()
        self._watchers = ThreadPoolExecutor(1, "live-watch")
        self._readers = ThreadPoolExecutor(2, "live-read")
        self._checkers = ThreadPoolExecutor(1, "live-check")
        self._tasks: set[asyncio.Task[None]] = set()
        self._noted: set[tuple[str, type[Exception]]] = set()
        threading.Thread(target=self._run, name="live", daemon=True).start()

    def adopt(self, connection: socket.socket, opening: Opening) -> None:
        """Take over a connection whose headers have been sent. From any thread."""
        asyncio.run_coroutine_threadsafe(self._adopt(connection, opening), self._loop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        for part, seconds in ((self._watch, WATCH_SECONDS), (self._tend, LOOK_SECONDS)):
            self._keep(self._repeat(part, seconds))
        self._loop.run_forever()

    async def _repeat(self, part: Callable[[], Awaitable[None]], seconds: float) -> None:
        """For ever: were a part to end, every stream of this process would stay silent."""
        while True:
            await asyncio.sleep(seconds)
            with self._surviving(part.__name__):
                await part()

    @contextmanager
    def _surviving(self, part: str, topic: Topic | None = None) -> Iterator[None]:
        """A mistake is an outage to the readers of a topic."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - the loop must live; what it was is logged
            self._note(part, error)
            if topic is not None:
                self._tell_away(topic)

    def _tell_away(self, topic: Topic) -> None:
        with self._surviving("tell"):
            topic.go_away()

    def _note(self, part: str, error: Exception) -> None:
        """Write a mistake down, of each kind the first one: it may come again in a moment."""
        kind = part, type(error)
        if kind not in self._noted and not _is_ending(error):
            self._noted.add(kind)
            logger.error("live streams met a mistake", exc_info=error, extra={"reason": part})

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        """The loop itself holds its tasks only weakly."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _adopt(self, connection: socket.socket, opening: Opening) -> None:
        connection.setblocking(False)  # noqa: FBT003 - the library's own
        stream = Stream(opening, self._lose)
        try:
            await self._loop.connect_accepted_socket(lambda: stream, connection)
        except OSError:  # it was gone before it came
            opening.place.give_back()
            connection.close()
            return
        source = opening.permit.source
        if not stream.is_lost:
            self._topics.setdefault(source, Topic(source)).join(stream)

    def _lose(self, stream: Stream) -> None:
        topic = self._topics.get(stream.permit.source)
        if topic is not None:
            topic.leave(stream)

    async def _watch(self) -> None:
        watched = [topic for topic in self._topics.values() if topic.streams]
        if not watched:
            return
        try:
            forms = {topic.source.form_id for topic in watched}
            versions = await self._beside(self._watchers, partial(read_versions, forms))
        except Exception as error:  # noqa: BLE001 - an outage to its readers, whatever it is
            if not isinstance(error, CACHE_ERRORS):
                self._note("watch", error)
            for topic in watched:
                self._tell_away(topic)
            await asyncio.sleep(AWAY_SECONDS)
            return
        self._read_changed(watched, versions)

    def _read_changed(self, watched: list[Topic], versions: Versions) -> None:
        now = time.monotonic()
        for topic in watched:
            with self._surviving("look", topic):
                version = versions[topic.source.form_id]
                if topic.is_due(version, now):
                    topic.is_reading = True
                    self._keep(self._read(topic, version))

    async def _read(self, topic: Topic, version: bytes | None) -> None:
        started = time.monotonic()
        try:
            state, as_of = await self._beside(self._readers, topic.source.read)
            topic.take(dict(state), as_of, version)
        except Exception as error:  # noqa: BLE001 - the loop must live; what it was is logged
            self._fail(topic, error)
        finally:
            least = AWAY_SECONDS if topic.is_away else 0.0
            topic.rest(max(least, time.monotonic() - started))
            topic.is_reading = False

    def _fail(self, topic: Topic, error: Exception) -> None:
        """A mistake that stays one ends the streams; an outage is waited for."""
        if isinstance(error, PlatformError) and not error.transient:
            topic.end("error", code=error.code, message=str(error))
            return
        if not isinstance(error, PlatformError):
            self._note("read", error)
        self._tell_away(topic)

    async def _tend(self) -> None:
        """Signs of life, permissions, and the forgetting of what nobody watches."""
        now = time.monotonic()
        for source, topic in list(self._topics.items()):
            if not topic.streams and self._is_forgotten(topic, now):
                del self._topics[source]
            for stream in list(topic.streams):
                with self._surviving("tend"):
                    self._look_after(stream, now)

    def _look_after(self, stream: Stream, now: float) -> None:
        if now - stream.checked_at >= settings.LIVE_RECHECK_SECONDS:
            stream.checked_at = now
            self._keep(self._check(stream))
        stream.beat(now)

    def _is_forgotten(self, topic: Topic, now: float) -> bool:
        return now - topic.left_at > IDLE_SECONDS or len(self._topics) > MOST_TOPICS

    async def _check(self, stream: Stream) -> None:
        try:
            await self._beside(self._checkers, stream.permit.check)
        except (NotFoundError, PermissionDeniedError) as error:
            stream.end("revoked", message=error.message)
        except Exception as error:
            logger.warning("a live stream's permission cannot be checked", exc_info=error)
            stream.end("unavailable", message="The permission cannot be checked now.")

    async def _beside(self, pool: ThreadPoolExecutor, work: Callable[[], Found]) -> Found:
        return await self._loop.run_in_executor(pool, lambda: _with_connections(work))


def read_versions(form_ids: Collection[str]) -> Versions:
    """When the numbers of each form last moved. Raises CACHE_ERRORS."""
    names = list(form_ids)
    found = read_many(shared_client(), [tag_key(numbers_tag(name)) for name in names])
    return dict(zip(names, found, strict=True))


def _is_ending(error: Exception) -> bool:
    """Whether threads take no more work because the process ends: it has no type of its own."""
    return isinstance(error, RuntimeError) and str(error).startswith("cannot schedule new futures")


def _with_connections(work: Callable[[], Found]) -> Found:
    """As a request does it: a thread that waits for long holds no broken connection."""
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()


_hubs: dict[int, Hub] = {}
_lock = threading.Lock()


def current() -> Hub:
    """This process's own, made when the first stream comes: threads do not survive a fork."""
    with _lock:
        if os.getpid() not in _hubs:
            _hubs[os.getpid()] = Hub()
        return _hubs[os.getpid()]
