"""The body of an answer, up to a cap: what is behind it is never read.

A fault in a body does not take back the status, which is what counts: the body ends there, and so
does the connection.
"""

import re
from dataclasses import dataclass

from .calls import Call
from .connections import Connection
from .messages import Head, ProtocolError

LONGEST_LINE = 1024
"""Of a chunk's size with its extensions, and of a trailer."""
MOST_TRAILERS = 20
OVERHEAD = 16 * 1024
"""Bytes of framing beside a chunked body."""
WITHOUT_BODY = frozenset({204, 304})
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r?\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Body:
    """`complete`: that is all of it. `is_clean`: what comes next would be the next answer."""

    content: bytes
    complete: bool
    is_clean: bool


def read_body(
    connection: Connection, head: Head, *, method: str, max_bytes: int, call: Call
) -> Body:
    """The body as its head frames it, at most `max_bytes` of it."""
    coding, length = head.headers.get("transfer-encoding"), head.headers.get("content-length")
    if method == "HEAD" or head.status in WITHOUT_BODY:
        return Body(b"", complete=True, is_clean=not head.rest)
    source = _Source(connection, head.rest, call, budget=max_bytes + OVERHEAD)
    if coding is None and length is not None and _LENGTH.fullmatch(length):
        return source.read_length(int(length), max_bytes)
    if coding is None and length is None:
        return source.read_to_end(max_bytes)
    if coding is not None and coding.lower() == "chunked" and head.is_current:
        # With a length beside it somebody in between may have seen another end (RFC 9112, 6.3).
        return source.read_chunked(max_bytes, is_clean=length is None)
    return Body(b"", complete=False, is_clean=False)


class _Source:
    """The bytes behind the head, and as much more as the budget allows."""

    def __init__(self, connection: Connection, rest: bytes, call: Call, *, budget: int) -> None:
        self._connection = connection
        self._call = call
        self._rest = rest
        self._budget = budget
        self._content = bytearray()

    def read_length(self, length: int, most: int) -> Body:
        rest = self._rest
        if len(rest) >= length and length <= most:  # nearly every answer
            return Body(rest[:length], complete=True, is_clean=len(rest) == length)
        self._rest = b""
        try:
            wanted = min(length, most)
            self._content += rest[:wanted]
            while len(self._content) < wanted:
                self._content += self._receive()
        except OSError:
            return self._cut(most)
        # More than its length: whoever goes on would take it for the next answer.
        clean = length <= most and len(self._content) == length
        return Body(bytes(self._content[:wanted]), complete=length <= most, is_clean=clean)

    def read_to_end(self, most: int) -> Body:
        self._content += self._rest
        try:
            while len(self._content) <= most:
                piece = self._connection.receive(self._call)
                if not piece:
                    return Body(bytes(self._content), complete=True, is_clean=False)
                self._content += piece
        except OSError:
            pass
        return self._cut(most)

    def read_chunked(self, most: int, *, is_clean: bool) -> Body:
        try:
            while size := self._read_chunk_size():
                self._read_chunk(size, most)
            self._skip_trailers()
        except OSError:
            return self._cut(most)
        return Body(bytes(self._content), complete=True, is_clean=is_clean and not self._rest)

    def _read_chunk_size(self) -> int:
        found = _CHUNK_SIZE.fullmatch(self._read_line())
        if found is None:
            raise ProtocolError("The size of a chunk is not a number.")
        return int(found[1], 16)

    def _read_chunk(self, size: int, most: int) -> None:
        while size:
            if not self._rest:
                self._rest = self._receive()
            part, self._rest = self._rest[:size], self._rest[size:]
            self._content += part
            size -= len(part)
            if len(self._content) > most:
                raise ProtocolError("The body is longer than the cap.")
        if self._read_line().strip(b"\r\n"):
            raise ProtocolError("A chunk is longer than its size.")

    def _skip_trailers(self) -> None:
        for _ in range(MOST_TRAILERS + 1):
            if not self._read_line().strip(b"\r\n"):
                return
        raise ProtocolError("The trailers have no end.")

    def _read_line(self) -> bytes:
        while (end := self._rest.find(b"\n")) < 0:
            if len(self._rest) > LONGEST_LINE:
                break
            self._rest += self._receive()
        if end > LONGEST_LINE or end < 0:
            raise ProtocolError("A line of the body's framing has no end.")
        line, self._rest = self._rest[: end + 1], self._rest[end + 1 :]
        return line

    def _receive(self) -> bytes:
        if self._budget <= 0:
            raise ProtocolError("There is more framing than body.")
        piece = self._connection.receive(self._call)
        if not piece:
            raise ProtocolError("The body ends early.")
        self._budget -= len(piece)
        return piece

    def _cut(self, most: int) -> Body:
        return Body(bytes(self._content[:most]), complete=False, is_clean=False)
