"""Name to socket: resolve once, check every address, connect to one that was checked."""

import socket
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, NamedTuple

from integrations.errors import UnreachableError

from .addresses import parse_address
from .deadlines import DeadlineSocket, remaining_seconds
from .targets import Target, check_addresses

RESOLVER_THREADS = 8
LEAST_CONNECT_SECONDS = 0.5


class Endpoint(NamedTuple):
    """One way to connect, as the resolver gives it."""

    family: socket.AddressFamily
    address: tuple[Any, ...]


def connect_vetted(target: Target) -> DeadlineSocket:
    """A connected socket to an address of the target that was checked a moment ago.

    The name is resolved once: the address that was checked is the address that is connected to,
    so a name server that changes its mind in between gains nothing.

    Raises:
        RefusedTargetError: one of the name's addresses is not one we send to.
        UnreachableError: the name does not resolve, or nobody answers there.
    """
    endpoints = _resolve(target)
    check_addresses(target, [parse_address(endpoint.address[0]) for endpoint in endpoints])
    last: OSError | None = None
    for tried, endpoint in enumerate(endpoints):
        share = max(remaining_seconds() / (len(endpoints) - tried), LEAST_CONNECT_SECONDS)
        try:
            return _connect(endpoint, seconds=share)
        except OSError as error:
            last = error
    reason = "timeout" if isinstance(last, TimeoutError) else "connect"
    raise UnreachableError("The host does not accept connections.", reason=reason) from last


def _connect(endpoint: Endpoint, *, seconds: float) -> DeadlineSocket:
    connection = DeadlineSocket(endpoint.family, socket.SOCK_STREAM)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(seconds)
        connection.connect(endpoint.address)
    except BaseException:
        connection.close()
        raise
    return connection


def _resolve(target: Target) -> list[Endpoint]:
    future = _resolver().submit(socket.getaddrinfo, target.host, target.port, 0, socket.SOCK_STREAM)
    try:
        found = future.result(remaining_seconds())
    except TimeoutError as error:
        future.cancel()
        raise UnreachableError("The name service did not answer.", reason="dns") from error
    except (OSError, UnicodeError) as error:
        raise UnreachableError("The host name does not resolve.", reason="dns") from error
    endpoints = [Endpoint(family, tuple(address)) for family, _, _, _, address in found]
    return list(dict.fromkeys(endpoints))


@cache
def _resolver() -> ThreadPoolExecutor:
    """Getaddrinfo knows no time limit, so it waits in a thread while the caller's clock runs."""
    return ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolve")
