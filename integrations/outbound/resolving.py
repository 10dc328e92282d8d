"""Names to addresses, with the caller's clock and without one name holding up the others.

`getaddrinfo` knows no time limit and may hang for half a minute. Each lookup has a thread of its
own; callers of the same name share one; the names of one domain have a few at a time, so that a
name server that hangs, whose owner may make up any number of names, holds up nobody else.
"""

import os
import socket
import threading
from collections import Counter
from concurrent.futures import Future
from typing import Any, NamedTuple

from integrations.errors import UnreachableError

from .calls import Call
from .targets import Target

MOST_LOOKUPS = 128
MOST_LOOKUPS_OF_A_DOMAIN = 8
_LONGEST_SECOND_LEVEL = 3  # co.uk, com.au, gov.br


class Endpoint(NamedTuple):
    """One way to connect, as the resolver gives it."""

    family: socket.AddressFamily
    address: tuple[Any, ...]


class Resolver:
    """The lookups of one process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._asked: dict[tuple[str, int], Future[list[Endpoint]]] = {}
        self._domains: Counter[str] = Counter()

    def look_up(self, host: str, port: int, call: Call) -> list[Endpoint]:
        """The addresses of a name, each once, in the order to try them.

        Raises:
            UnreachableError: the name does not resolve, or not in time.
        """
        try:
            return self._ask(host, port, call).result(call.remaining_seconds())
        except TimeoutError as error:
            raise UnreachableError("The name service did not answer.", reason="dns") from error
        except (OSError, UnicodeError) as error:
            raise UnreachableError("The host name does not resolve.", reason="dns") from error

    def _ask(self, host: str, port: int, call: Call) -> "Future[list[Endpoint]]":
        domain = domain_of(host)
        with self._changed:
            while (known := self._asked.get((host, port))) is None and self._is_full(domain):
                self._changed.wait(call.remaining_seconds())
            if known is not None:
                return known
            future = self._asked[host, port] = Future()
            self._domains[domain] += 1
        # A daemon: a name that hangs must not hold up the end of the process either.
        thread = threading.Thread(target=self._answer, args=(host, port, future), daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system has no thread left
            self._forget(host, port)
            raise UnreachableError("Names cannot be looked up now.", reason="dns") from error
        return future

    def _is_full(self, domain: str) -> bool:
        full = self._domains[domain] >= MOST_LOOKUPS_OF_A_DOMAIN
        return full or len(self._asked) >= MOST_LOOKUPS

    def _answer(self, host: str, port: int, future: "Future[list[Endpoint]]") -> None:
        found: list[Endpoint] | BaseException
        try:
            found = _get_addresses(host, port)
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            found = error
        self._forget(host, port)
        if isinstance(found, BaseException):
            future.set_exception(found)
        else:
            future.set_result(found)

    def _forget(self, host: str, port: int) -> None:
        with self._changed:
            del self._asked[host, port]
            self._domains -= Counter({domain_of(host): 1})
            self._changed.notify_all()


def _get_addresses(host: str, port: int) -> list[Endpoint]:
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    return list(dict.fromkeys(Endpoint(family, tuple(to)) for family, _, _, _, to in found))


def domain_of(host: str) -> str:
    """What somebody registered, roughly: its owner answers for all names below it."""
    labels = host.split(".")
    short = len(labels) > 2 and len(labels[-2]) <= _LONGEST_SECOND_LEVEL  # noqa: PLR2004
    return ".".join(labels[-3:] if short else labels[-2:])


_resolver = Resolver()


def resolve(target: Target, call: Call) -> list[Endpoint]:
    """Every address of the target. An address in the URL is itself and asks nobody."""
    literal = target.literal
    if literal is None:
        call.enter("dns")
        return _resolver.look_up(target.host, target.port, call)
    if literal.version == 4:  # noqa: PLR2004 - IPv4
        return [Endpoint(socket.AF_INET, (str(literal), target.port))]
    return [Endpoint(socket.AF_INET6, (str(literal), target.port, 0, 0))]


def _renew() -> None:
    """A forked child has none of the threads that would answer."""
    global _resolver  # noqa: PLW0603 - one per process
    _resolver = Resolver()


os.register_at_fork(after_in_child=_renew)
