"""Name to socket: resolve once, check every address, connect to one that was checked."""

import errno
import itertools
import select
import socket
from collections.abc import Iterable, Sequence
from math import ceil

from integrations.errors import RefusedTargetError, UnreachableError

from .addresses import parse_address
from .calls import Call
from .resolving import Endpoint, resolve
from .targets import Target, check_addresses

STAGGER_SECONDS = 0.25
"""How long an address has a head start before the next one is tried beside it (RFC 8305, 5)."""
MOST_TRIED = 6


def find_vetted(target: Target, call: Call) -> list[Endpoint]:
    """The addresses of the target, all of them checked, in the order to try them.

    The name is resolved once: the address that was checked is the address that is connected to,
    so a name server that changes its mind in between gains nothing.

    Raises:
        RefusedTargetError: one of the name's addresses is not one we send to.
        UnreachableError: the name does not resolve.
    """
    endpoints = resolve(target, call)
    check_addresses(target, [parse_address(endpoint.address[0]) for endpoint in endpoints])
    return _alternate(endpoints)[:MOST_TRIED]


def connect(endpoints: Sequence[Endpoint], call: Call) -> tuple[socket.socket, str]:
    """A connected socket to the first of the addresses that answers, and that address.

    Raises:
        RefusedTargetError: the network connected us to somebody else.
        UnreachableError: nobody answers there.
    """
    try:
        connection, endpoint = _Race().run(endpoints, call)
    except OSError as error:
        late = isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT
        reason = "timeout" if late else "connect"
        raise UnreachableError("The host does not accept connections.", reason=reason) from error
    asked, reached = parse_address(endpoint.address[0]), connection.getpeername()[0]
    if parse_address(reached) != asked:
        connection.close()
        raise RefusedTargetError("The network led to another address.", reason="peer")
    return connection, str(asked)


def _alternate(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    """The two families in turn: where one of them leads nowhere, the second try is the other."""
    families: dict[int, list[Endpoint]] = {}
    for endpoint in endpoints:
        families.setdefault(endpoint.family, []).append(endpoint)
    turns = itertools.zip_longest(*families.values())
    return [endpoint for turn in turns for endpoint in turn if endpoint is not None]


class _Race:
    """Connects to several addresses at once, each with a head start before the next."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._running: dict[int, tuple[socket.socket, Endpoint]] = {}
        self._error = OSError("There was no address to connect to.")

    def run(self, endpoints: Sequence[Endpoint], call: Call) -> tuple[socket.socket, Endpoint]:
        """The winner, with a timeout set. Raises the last loser's error where there is none."""
        waiting = list(endpoints)
        try:
            while waiting or self._running:
                left = call.remaining_seconds()
                if waiting and not self._start(waiting.pop(0)):
                    continue
                winner = self._wait(min(left, STAGGER_SECONDS) if waiting else left)
                if winner is not None:
                    return winner
        finally:
            for loser, _ in self._running.values():
                loser.close()
        raise self._error

    def _start(self, endpoint: Endpoint) -> bool:
        connection = socket.socket(endpoint.family, socket.SOCK_STREAM)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(0)
            connection.connect(endpoint.address)
        except BlockingIOError:
            pass  # it is on its way
        except OSError as error:
            connection.close()
            self._error = error
            return False
        except BaseException:
            connection.close()
            raise
        self._running[connection.fileno()] = connection, endpoint
        self._poll.register(connection, select.POLLOUT)
        return True

    def _wait(self, seconds: float) -> tuple[socket.socket, Endpoint] | None:
        for number, _ in self._poll.poll(ceil(seconds * 1000)):
            connection, endpoint = self._running.pop(number)
            self._poll.unregister(number)
            code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not code:
                return connection, endpoint
            connection.close()
            self._error = OSError(code, "The connection failed.")
        return None
