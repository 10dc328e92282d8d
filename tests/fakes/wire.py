"""A receiver that speaks whatever bytes it is given, for answers no server would send."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable

Script = Callable[["Peer"], None]


class Peer:
    """One connection, as the script of a test sees it."""

    def __init__(self, connection: socket.socket, closing: threading.Event) -> None:
        self.connection = connection
        self.closing = closing
        self._rest = b""

    def read_request(self) -> bytes:
        """A whole request; empty where the client hung up."""
        while b"\r\n\r\n" not in self._rest:
            if not self._more():
                return b""
        head, _, rest = self._rest.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        while len(rest) < length:
            self._rest = b""
            if not self._more():
                return b""
            rest += self._rest
        self._rest = rest[length:]
        return head + b"\r\n\r\n" + rest[:length]

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def drip(self, pieces: Iterable[bytes], *, every_seconds: float = 0) -> None:
        """Send piece by piece until the client hangs up."""
        for piece in pieces:
            self.connection.sendall(piece)
            if self.closing.wait(every_seconds) if every_seconds else self.closing.is_set():
                return

    def _more(self) -> bool:
        piece = self.connection.recv(65536)
        self._rest += piece
        return bool(piece)


class Wire:
    """Runs the scripts in turn, one per connection; the last one stays. A context manager.

    With `receive_buffer`, the kernel takes about that many bytes nobody has read, and no more:
    without, it may take megabytes before the script has run a line.
    """

    def __init__(
        self,
        *scripts: Script,
        encryption: ssl.SSLContext | None = None,
        receive_buffer: int | None = None,
    ) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self._scripts = list(scripts)
        self._encryption = encryption
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        if receive_buffer is not None:  # what is accepted has it of the listener
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.port = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        scheme = "https" if self._encryption else "http"
        return f"{scheme}://{host}:{self.port}{path}"

    def __enter__(self) -> "Wire":
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(60)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            self._start(self._serve, connection, script)

    def _serve(self, connection: socket.socket, script: Script) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(10)
            if self._encryption is not None:
                connection = self._encryption.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with connection:
                script(_Recording(connection, self._closing, self.requests))


class _Recording(Peer):
    def __init__(
        self, connection: socket.socket, closing: threading.Event, requests: list[bytes]
    ) -> None:
        super().__init__(connection, closing)
        self._requests = requests

    def read_request(self) -> bytes:
        request = super().read_request()
        if request:
            self._requests.append(request)
        return request


def answering(*answers: bytes) -> Script:
    """Reads a request before each of the answers, then waits for the client to hang up."""

    def script(peer: Peer) -> None:
        for answer in answers:
            peer.read_request()
            peer.send(answer)
        peer.read_request()

    return script


def closing(*answers: bytes) -> Script:
    """The same, and closes behind the last answer."""

    def script(peer: Peer) -> None:
        for answer in answers:
            peer.read_request()
            peer.send(answer)

    return script
