"""A connection to one origin, plain or encrypted, for as many calls as it lasts."""

import select
import socket
import ssl
import time

from .addresses import Address, Network, parse_address
from .calls import Call
from .targets import Target, check_addresses

PIECE = 16 * 1024


class Connection:
    """A connected socket that waits as long as the call it serves, and no longer."""

    __slots__ = ("_address", "_poll", "_socket", "_vetted_for", "born_at", "idle_since", "peer")

    def __init__(self, connected: socket.socket, peer: str) -> None:
        self._socket = connected
        self._address: Address = parse_address(peer)
        self._vetted_for: tuple[Network, ...] | None = None
        self._poll = select.poll()
        self._poll.register(connected.fileno(), select.POLLIN)
        self.peer = peer
        self.born_at = self.idle_since = time.monotonic()

    def encrypt(self, context: ssl.SSLContext, host: str, call: Call) -> None:
        """Encrypt, and check that the certificate is the host's."""
        self._socket.settimeout(call.remaining_seconds())
        # Without suppress_ragged_eofs=False, a body cut by somebody in between looks complete.
        encrypted = context.wrap_socket(
            self._socket,
            server_hostname=host,
            do_handshake_on_connect=False,
            suppress_ragged_eofs=False,
        )
        self._socket = encrypted
        encrypted.settimeout(call.remaining_seconds())
        encrypted.do_handshake()

    def send(self, message: bytes, call: Call) -> bool:
        """Send all of it; False where the peer answered before it had all of it."""
        rest = memoryview(message)
        patient = True
        while True:
            self._socket.settimeout(call.remaining_seconds())
            rest = rest[self._socket.send(rest) :]
            if not rest:
                return patient
            patient = patient and not self._is_answered(call)

    def receive(self, call: Call) -> bytes:
        """What has come, at most `PIECE` bytes; empty at the end."""
        self._socket.settimeout(call.remaining_seconds())
        return self._socket.recv(PIECE)

    def is_silent(self) -> bool:
        """Whether nothing came since the last answer: an end, or an answer nobody asked for."""
        encrypted = isinstance(self._socket, ssl.SSLSocket)
        if encrypted and self._socket.pending():  # type: ignore[attr-defined]  # it is one
            return False
        if not self._poll.poll(0):
            return True
        if not encrypted:
            return False
        try:
            self._socket.settimeout(0)
            self._socket.recv(1)
        except ssl.SSLWantReadError:
            return True  # a session ticket: nothing for us
        except OSError:
            pass
        return False

    def check_reach(self, target: Target, allowed: tuple[Network, ...]) -> None:
        """Refuse what may no longer be reached: a warm connection outlives a change of rules."""
        if self._vetted_for is not allowed:
            check_addresses(target, [self._address])
            self._vetted_for = allowed

    def _is_answered(self, call: Call) -> bool:
        """Whether an answer is there by the time there is room to send on."""
        room_or_answer = select.poll()
        room_or_answer.register(self._socket.fileno(), select.POLLIN | select.POLLOUT)
        found = room_or_answer.poll(call.remaining_seconds() * 1000)
        return any(event & select.POLLIN for _, event in found)

    def close(self) -> None:
        self._socket.close()
