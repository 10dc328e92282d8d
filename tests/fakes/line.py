"""A line to a real server that a test can cut and mend."""

import contextlib
import socket
import threading


class Line:
    """Passes bytes between a local port and a server, until it is cut."""

    def __init__(self, host, port):
        self.server = (host, port)
        self.sockets = set()
        self.listener = None
        self.port = 0
        self.mend()

    def mend(self):
        """Listen again, on the same port."""
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=[self.listener], daemon=True).start()

    def cut(self):
        """Close every connection and refuse new ones, as a killed server does."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        while self.sockets:
            self._close(self.sockets.pop())

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self.server)
                self.sockets |= {client, server}
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=[source, target], daemon=True).start()

    def _pass(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        self._close(source)
        self._close(target)

    def _close(self, end):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
        self.sockets.discard(end)
