"""A webhook receiver on loopback that answers as it is told and remembers what came."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request, as it was on the wire. Header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    connection: tuple[str, int]


@dataclass(frozen=True)
class Reply:
    """What to answer. `drip_seconds` waits before every byte; `garbage` replaces HTTP itself."""

    status: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    wait_seconds: float = 0
    drip_seconds: float = 0
    repeat: int = 1
    garbage: bytes = b""


OK = Reply()


class Receiver:
    """Answers with the scripted replies in turn; the last one stays. Use as a context manager."""

    def __init__(
        self,
        *replies: Reply,
        encryption: ssl.SSLContext | None = None,
        bind: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.replies = list(replies) or [OK]
        self.received: list[Received] = []
        self.closing = threading.Event()
        self.on_request: Callable[[Received], None] = lambda request: None
        self._lock = threading.Lock()
        server = _Server6 if ":" in bind else _Server
        self._server = server((bind, port), _handler_of(self))
        if encryption is not None:
            self._server.socket = encryption.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._scheme = "https" if encryption is not None else "http"

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def url(self, path: str = "/hook", *, host: str = "127.0.0.1") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"

    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.received]

    def take(self, request: Received) -> Reply:
        self.on_request(request)
        with self._lock:
            self.received.append(request)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def wait_for(self, count: int, *, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} of {count} arrived"
            time.sleep(0.005)

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that hangs up is what half of the tests are about."""


class _Server6(_Server):
    address_family = socket.AF_INET6


def _handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = receiver.take(
                Received(
                    self.command, self.path, headers, body, time.time(), self.client_address[:2]
                )
            )
            receiver.closing.wait(reply.wait_seconds)
            with contextlib.suppress(OSError):
                self._answer(reply)

        def _answer(self, reply: Reply) -> None:
            if reply.garbage:
                self.wfile.write(reply.garbage)
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) * reply.repeat))
            self.end_headers()
            for piece in _pieces(reply):
                receiver.closing.wait(reply.drip_seconds)
                self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    return Handler


def _pieces(reply: Reply) -> Iterator[bytes]:
    for _ in range(reply.repeat):
        if reply.drip_seconds:
            yield from (bytes([byte]) for byte in reply.body)
        else:
            yield reply.body
