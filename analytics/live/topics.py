"""One source and all the streams that show it: read once, told to each."""

import time

from .sources import Source
from .states import History
from .streams import Stream

LEAST_GAP_SECONDS = 0.2
COSTS_AT_MOST = 1 / 3
"""Of the time may be spent on reading one source: a slow query is asked less often."""


class Topic:
    """Touched by the event loop alone."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.streams: set[Stream] = set()
        self.history = History()
        self.is_reading = False
        self.is_away = False
        self.left_at = 0.0
        self._version: bytes | None = None
        self._has_been_read = False
        self._read_at = 0.0
        self._next_at = 0.0

    def join(self, stream: Stream) -> None:
        if not self.streams:
            self._has_been_read = False  # nobody watched: it may have changed
        self.streams.add(stream)
        if self.is_away:
            stream.say("unavailable", message="The numbers cannot be read now.")
        if self._has_been_read:
            stream.catch_up(self.history)

    def leave(self, stream: Stream) -> None:
        self.streams.discard(stream)
        self.left_at = time.monotonic()

    def is_due(self, version: bytes | None, now: float) -> bool:
        if self.is_reading or now < self._next_at:
            return False
        is_old = now - self._read_at > self.source.holds_seconds
        return not self._has_been_read or self.is_away or is_old or version != self._version

    def take(self, state: dict[str, object], as_of: str, version: bytes | None) -> None:
        """A state that holds everything counted up to the version."""
        self._version = version
        self._has_been_read = True
        self._read_at = time.monotonic()
        self.history.add(state, as_of=as_of)
        if self.is_away:
            self.is_away = False
            for stream in self.streams:
                stream.say("available", as_of=as_of)
        for stream in list(self.streams):
            stream.catch_up(self.history)

    def rest(self, cost_seconds: float) -> None:
        wait = max(LEAST_GAP_SECONDS, cost_seconds / COSTS_AT_MOST - cost_seconds)
        self._next_at = time.monotonic() + wait

    def go_away(self) -> None:
        """Tell the readers, once, that what they see is not kept up to date."""
        if not self.is_away:
            self.is_away = True
            for stream in self.streams:
                stream.say("unavailable", message="The numbers cannot be read now.")

    def end(self, name: str, **data: object) -> None:
        for stream in list(self.streams):
            stream.end(name, **data)
