"""How a connection leaves the web server's threads (ADR 0088).

gunicorn sends the headers and a first line as of any response. Asked for the next piece, the body
takes the socket out of gunicorn's hands and says what gunicorn hears when a reader has gone: it
frees the thread and forgets the connection, and the hub goes on with it.
"""

import errno
import socket
import ssl
from collections.abc import Mapping
from typing import Any, Self

from formplatform.core.errors import UnavailableError

from .hub import Hub
from .streams import Opening

FIRST = b"retry: 2000\n\n"
"""How long a reader waits before it comes back, in milliseconds."""
CHUNKED, PLAIN = "HTTP/1.1", "HTTP/1.0"


class Body:
    """The body of a response: one line, then the handover."""

    def __init__(self, hub: Hub, opening: Opening, environ: Mapping[str, Any]) -> None:
        self._hub = hub
        self._opening = opening
        self._socket = socket_of(environ)
        self._has_begun = False
        self._is_handed_over = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if not self._has_begun:
            self._has_begun = True
            return FIRST
        self._is_handed_over = True
        self._hub.adopt(socket.socket(fileno=self._socket.detach()), self._opening)
        raise BrokenPipeError(errno.EPIPE, "The connection is the hub's now.")

    def close(self) -> None:
        """The web server is done with the response, whether it was read or not."""
        if not self._is_handed_over:
            self._opening.place.give_back()


def socket_of(environ: Mapping[str, Any]) -> socket.socket:
    """The connection of a request. Raises UnavailableError where it cannot be taken over."""
    found = environ.get("gunicorn.socket")
    is_plain = environ.get("SERVER_PROTOCOL") in (CHUNKED, PLAIN)
    if isinstance(found, socket.socket) and not isinstance(found, ssl.SSLSocket) and is_plain:
        return found
    raise UnavailableError(
        "Live streams need the platform's own web server, over plain HTTP/1 behind a proxy: "
        "ask for the numbers from time to time instead.",
        retry_after_seconds=60,
    )
