"""Sockets with a total deadline: no operation waits past the end of the call it belongs to.

A socket's own timeout starts anew with every read, so a peer that drips one byte a second keeps
a caller for ever. Here every operation first sets the timeout to what is left of the call. In C
a single recv, sendall or handshake already treats its timeout as a total.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

FALLBACK_SECONDS = 30.0
"""Per operation, for a caller that set no deadline."""

_deadline: ContextVar[float | None] = ContextVar("outbound deadline", default=None)


@contextlib.contextmanager
def deadline_in(seconds: float) -> Iterator[None]:
    """Every socket operation of this thread inside the block ends within so many seconds."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining_seconds() -> float:
    """What is left of the call.

    Raises:
        TimeoutError: nothing is.
    """
    deadline = _deadline.get()
    if deadline is None:
        return FALLBACK_SECONDS
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("The call took longer than it may.")
    return left


class DeadlineSocket(socket.socket):
    def connect(self, address: Any) -> None:
        self.settimeout(min(remaining_seconds(), self.gettimeout() or FALLBACK_SECONDS))
        super().connect(address)

    def recv_into(self, *args: Any, **options: Any) -> int:
        self.settimeout(remaining_seconds())
        return super().recv_into(*args, **options)

    def sendall(self, *args: Any, **options: Any) -> None:
        self.settimeout(remaining_seconds())
        super().sendall(*args, **options)


class DeadlineSSLSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - ssl's signature
        self.settimeout(remaining_seconds())
        super().do_handshake(block)

    def read(self, *args: Any, **options: Any) -> Any:
        self.settimeout(remaining_seconds())
        return super().read(*args, **options)

    def send(self, *args: Any, **options: Any) -> int:
        self.settimeout(remaining_seconds())
        return super().send(*args, **options)
