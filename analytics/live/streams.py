"""One reader's connection in the event loop.

At most one event waits for a reader: while it does not take what was sent, nothing is added, and
once it does, one difference leads it from what it has to what is. So a slow reader costs little,
and one that takes nothing at all is dropped.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from django.conf import settings

from analytics.places import Place

from .permits import Permit
from .states import History, event

HIGH_WATER = 16 * 1024
SEND_BUFFER = 64 * 1024
HEARTBEAT = b": still here\n\n"


@dataclass(kw_only=True, slots=True)
class Opening:
    """What a web thread hands over with the connection."""

    permit: Permit
    place: Place
    seen: str | None
    """The Last-Event-ID of a reader who comes back."""
    chunked: bool
    """HTTP/1.1 frames what has no length; HTTP/1.0 ends it with the connection."""


class Stream(asyncio.Protocol):
    def __init__(self, opening: Opening, on_lost: "Callable[[Stream], None]") -> None:
        self.permit = opening.permit
        self.seen = opening.seen
        self.is_lost = False
        self.checked_at = self.spoke_at = time.monotonic()
        self._place = opening.place
        self._chunked = opening.chunked
        self._on_lost = on_lost
        self._stuck_since: float | None = None
        self._history: History | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER, low=0)
        found: socket.socket = self._transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        self.is_lost = True
        self._place.give_back()
        self._on_lost(self)

    def pause_writing(self) -> None:
        self._stuck_since = time.monotonic()

    def resume_writing(self) -> None:
        self._stuck_since = None
        if self._history is not None:
            self.catch_up(self._history)

    def catch_up(self, history: History) -> None:
        """Send what leads to the present state, now or as soon as the reader takes it."""
        self._history = history
        found = None if self._stuck_since is not None else history.event_since(self.seen)
        if found is not None:
            self.seen = history.current
            self.send(found)

    def say(self, name: str, **data: object) -> None:
        """A word about the stream itself; a reader that is behind does without."""
        if self._stuck_since is None:
            self.send(event(name, data))

    def send(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self.spoke_at = time.monotonic()
        framed = b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data
        self._transport.write(framed)

    def end(self, name: str, **data: object) -> None:
        """The last word."""
        self.say(name, **data)
        if self._transport is not None and not self._transport.is_closing():
            if self._chunked and self._stuck_since is None:
                self._transport.write(b"0\r\n\r\n")
                self._transport.close()
            else:
                self._transport.abort()

    def beat(self, now: float) -> None:
        """Show a sign of life where nothing was said for a while; drop who takes nothing."""
        if self._stuck_since is not None:
            if now - self._stuck_since > settings.LIVE_STALL_SECONDS and self._transport:
                self._transport.abort()
        elif now - self.spoke_at >= settings.LIVE_HEARTBEAT_SECONDS:
            self.send(HEARTBEAT)
