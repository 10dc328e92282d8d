"""HTTP/1.1 as a careful client speaks it: requests as bytes, the head of an answer read strictly.

Whatever two readers could understand differently ends the connection instead of being guessed at
(RFC 9112, 11). Every part that a peer sends has a bound.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from integrations.errors import RefusedRequestError

from .calls import Call
from .connections import Connection

LONGEST_HEAD = 64 * 1024
MOST_HEADERS = 200
MOST_INTERIM = 8
"""Answers 1xx before the answer itself."""
FIRST_FINAL, SWITCHING = 200, 101
_END = re.compile(rb"\r?\n\r?\n")
_LONGEST_END = 4
_STATUS = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\x00]*)?")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_METHOD = re.compile(r"[A-Z]{1,20}")
WITHOUT_BODY = frozenset({"GET", "HEAD"})
FRAMING = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""What a caller never sets: the last word against a second opinion on where a request ends."""


class ProtocolError(OSError):
    """The peer does not speak HTTP/1.1, or not in a way that has one meaning."""


class ClosedError(ProtocolError):
    """The peer closed before it said anything."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an answer, and what came behind it. Header names are lower case."""

    status: int
    is_current: bool
    """HTTP/1.1: an older peer knows no chunks."""
    is_persistent: bool
    """Whether the peer keeps the connection open for another request."""
    headers: dict[str, str]
    rest: bytes


def render_request(method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes of a request.

    Raises:
        RefusedRequestError: a header would be read as two.
    """
    if body or method not in WITHOUT_BODY:
        headers = {**headers, "Content-Length": str(len(body))}
    text = "\r\n".join([f"{method} {path} HTTP/1.1", *map(": ".join, headers.items()), "\r\n"])
    lines = len(headers) + 2
    if text.count("\n") != lines or text.count("\r") != lines or not text.isascii() or "\0" in text:
        raise RefusedRequestError("A header is not one line of ASCII.", reason="header")
    if not _METHOD.fullmatch(method):
        raise RefusedRequestError("The method is not one.", reason="method")
    return text.encode("ascii") + body


def read_head(connection: Connection, call: Call) -> Head:
    """The head of the answer; interim answers are passed over.

    Raises:
        ClosedError: the connection ended before the first byte.
        ProtocolError: it is no answer, or one out of bounds.
        TimeoutError: it did not come in time.
    """
    received = b""
    for _ in range(MOST_INTERIM + 1):
        received, end = _receive_head(connection, call, received)
        head = _parse(received[: end[0]], received[end[1] :])
        if head.status >= FIRST_FINAL:
            return head
        if head.status == SWITCHING:
            raise ProtocolError("The peer changes to a protocol nobody asked for.")
        received = head.rest
    raise ProtocolError("The peer sends interim answers without end.")


def _receive_head(
    connection: Connection, call: Call, received: bytes
) -> tuple[bytes, tuple[int, int]]:
    """Everything that came, and where in it the end of a head begins and ends."""
    searched = 0
    while (end := _END.search(received, max(searched - _LONGEST_END, 0))) is None:
        searched = len(received)
        if searched > LONGEST_HEAD:
            raise ProtocolError("The head of the answer has no end.")
        piece = connection.receive(call)
        if not piece:
            raise ProtocolError("The answer ends in its head.") if received else ClosedError
        received += piece
    return received, end.span()


def _parse(head: bytes, rest: bytes) -> Head:
    first, *lines = head.decode("latin-1").replace("\r\n", "\n").split("\n")
    status = _STATUS.fullmatch(first)
    if status is None or len(lines) > MOST_HEADERS or b"\0" in head:
        raise ProtocolError("The answer does not begin as HTTP/1.1 does.")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name) or "\r" in value:
            raise ProtocolError("A header of the answer is not one.")
        name, value = name.lower(), value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    current = status[1] == "1"
    return Head(
        status=int(status[2]),
        is_current=current,
        is_persistent=current and "close" not in headers.get("connection", "").lower(),
        headers=headers,
        rest=rest,
    )
