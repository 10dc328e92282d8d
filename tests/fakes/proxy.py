"""An egress proxy on loopback: tunnels (CONNECT), or refuses as it is told."""

import contextlib
import socket
import threading

from tests.fakes.wire import Peer, Script

REFUSAL = b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n"


def tunneling(*, status: int = 200, behind: bytes = b"", fails_for: str = "") -> Script:
    """Connects to what CONNECT names; 502 where it is `fails_for`, else `status`."""

    def script(peer: Peer) -> None:
        request = peer.read_request()
        if not request:
            return
        host, _, port = request.split(b" ")[1].decode().rpartition(":")
        failing = bool(fails_for) and host == fails_for
        if failing or status // 100 != 2:
            peer.send(REFUSAL % (502 if failing else status))
            return
        with socket.create_connection((host.strip("[]"), int(port))) as onward:
            peer.send(b"HTTP/1.1 %d Connection established\r\n\r\n" % status + behind)
            back = threading.Thread(target=_copy, args=(onward, peer.connection), daemon=True)
            back.start()
            _copy(peer.connection, onward)
            back.join(60)

    return script


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
