"""A receiver that answers with gigantic bodies, in a process of its own, and what that costs us.

`growth` is for a benchmark or a soak: how far the memory of this process grows over a number of
calls to it. The receiver really sends as long as it is read: it counts what got away.
"""

import contextlib
import multiprocessing
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

MEGABYTE = 1_000_000
SIZE = 300 * MEGABYTE
HEADS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE,
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "one chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % SIZE,
    "until the end": b"HTTP/1.1 200 OK\r\n\r\n",
    "a head": b"HTTP/1.1 200 OK\r\nX-Gigantic: ",
    "headers": b"HTTP/1.1 200 OK\r\n",
    "an extension": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=",
    "tiny chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    "interim answers": b"",
}
"""The ways to be gigantic."""
_PIECES = {
    "chunked": b"10000\r\n" + b"x" * 65536 + b"\r\n",
    "headers": b"X-Gigantic: yes\r\n" * 4000,
    "tiny chunks": b"1\r\nx\r\n" * 10000,
    "trailers": b"X-Gigantic: yes\r\n" * 4000,
    "interim answers": b"HTTP/1.1 103 Early Hints\r\nX-Gigantic: yes\r\n\r\n" * 1000,
}


def _serve(ready: object) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    ready.put(listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    with contextlib.suppress(OSError), connection:
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        way = received.split(b" ")[1].decode().strip("/").replace("-", " ")
        connection.sendall(HEADS[way])
        piece = _PIECES.get(way, b"x" * 65536)
        for _ in range(SIZE // len(piece)):
            connection.sendall(piece)


@contextlib.contextmanager
def gigantic_receiver() -> Iterator[Callable[[str], str]]:
    """Yields what makes the URL of one of the ways to be gigantic."""
    context = multiprocessing.get_context("spawn")
    ready = context.Queue()
    process = context.Process(target=_serve, args=(ready,), daemon=True)
    process.start()
    try:
        port = ready.get(timeout=30)
        yield lambda way: f"http://127.0.0.1:{port}/{way.replace(' ', '-')}"
    finally:
        process.kill()
        process.join()
        ready.close()


def resident_bytes() -> int:
    """What this process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def growth(call: Callable[[str], object], url: str, *, calls: int) -> int:
    """By how many bytes this process grows over so many calls to a gigantic receiver."""
    call(url)  # what is loaded and allocated once is no growth
    before = resident_bytes()
    peak = before
    for _ in range(calls):
        call(url)
        peak = max(peak, resident_bytes())
    return peak - before
