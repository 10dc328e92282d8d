"""The one door through which requests leave the house.

Nothing else imports `requests` or `urllib3`. Every request is held to the rules of `targets`:
the name is resolved once and refused unless all its addresses may be reached, redirects are
answers and not followed, proxies of the environment are ignored, the answer is read up to a cap,
and one deadline covers name, connection, handshake, request and answer together.
"""

import os
import socket
import ssl
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

import certifi
import urllib3
from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError, SSLError
from urllib3.response import BaseHTTPResponse
from urllib3.util.ssl_ import create_urllib3_context

from .errors import OutboundError, UnreachableError
from .outbound.connecting import connect_vetted
from .outbound.deadlines import DeadlineSSLSocket, deadline_in, remaining_seconds
from .outbound.targets import DEFAULT_PORTS, Target, parse_target

USER_AGENT = "formplatform/2 (+webhooks)"
DEFAULT_MAX_BYTES = 64 * 1024
POOLS = 64
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_CHUNK = 16 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back. `complete` is False where the body was cut at the cap or by the clock."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool
    peer: str
    seconds: float


@dataclass(slots=True)
class _Call:
    """What a connection tells about the call it serves."""

    peer: str = ""
    is_fresh: bool = False
    """Whether a connection was made for it; else it got a warm one."""


_call: ContextVar[_Call] = ContextVar("outbound call")


def send(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout_seconds: float,
    max_bytes: int = DEFAULT_MAX_BYTES,
) -> Answer:
    """Send one request and return whatever the peer answers, errors and redirects included.

    Args:
        method: upper case.
        url: absolute; checked by `targets.parse_target`.
        body: sent as it is.
        headers: sent as they are: check a person's headers with `headers.check_headers` first.
        timeout_seconds: for everything together. Reached inside the body, the answer is cut.
        max_bytes: how much of the body to read before the connection is dropped.

    Raises:
        RefusedTargetError: the URL or one of its addresses is not one we send to.
        UnreachableError: there was no answer; `reason` is dns, connect, tls, timeout or protocol.
    """
    target = parse_target(url)
    started = time.monotonic()
    call = _Call()
    token = _call.set(call)
    try:
        with deadline_in(timeout_seconds):
            response = _open(target, method, body, dict(headers or {}))
            content, complete = _read(response, max_bytes)
    finally:
        _call.reset(token)
    return Answer(
        status=response.status,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=content,
        complete=complete,
        peer=call.peer,
        seconds=time.monotonic() - started,
    )


def _open(target: Target, method: str, body: bytes, headers: dict[str, str]) -> BaseHTTPResponse:
    framing = {
        "Host": target.origin.partition("://")[2],
        "User-Agent": USER_AGENT,
        "Accept-Encoding": "identity",
    }
    try:
        try:
            return _exchange(target, method, body, headers | framing)
        except ProtocolError as error:
            if not _closed_under_it(error) or not _may_repeat(method, headers):
                raise
            return _exchange(target, method, body, headers | framing)
    except OutboundError:
        raise
    except (HTTPError, OSError, ValueError) as error:
        raise _unreachable(error) from error


def _closed_under_it(error: ProtocolError) -> bool:
    """Whether a warm connection ended before any answer: most likely it was closed as idle."""
    return not _call.get().is_fresh and isinstance(error.args[-1], ConnectionError)


def _may_repeat(method: str, headers: Mapping[str, str]) -> bool:
    """Whether the peer can tell a repetition (RFC 9110, 9.2.2)."""
    named = {name.lower() for name in headers}
    return method in IDEMPOTENT or not named.isdisjoint({"idempotency-key", "webhook-id"})


def _exchange(
    target: Target, method: str, body: bytes, headers: dict[str, str]
) -> BaseHTTPResponse:
    pool = _pools(os.getpid()).connection_from_host(target.host, target.port, target.scheme)
    return pool.urlopen(
        method,
        target.path,
        body=body,
        headers=headers,
        retries=False,
        redirect=False,
        timeout=urllib3.Timeout(total=remaining_seconds()),
        preload_content=False,
        decode_content=False,
    )


def _unreachable(error: Exception) -> UnreachableError:
    """Our words for a failure: the library's own may hold the URL, and URLs hold tokens."""
    if isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError):
        return UnreachableError("There was no answer in time.", reason="timeout")
    if isinstance(error, SSLError | ssl.SSLError):
        return UnreachableError(
            "The host's certificate or encryption is not acceptable.", reason="tls"
        )
    if isinstance(error, NewConnectionError | ConnectionRefusedError):
        return UnreachableError("The host does not accept connections.", reason="connect")
    return UnreachableError("The host did not answer as HTTP does.", reason="protocol")


def _read(response: BaseHTTPResponse, max_bytes: int) -> tuple[bytes, bool]:
    """The body up to the cap, and whether that is all of it."""
    content = bytearray()
    try:
        while len(content) <= max_bytes:
            chunk = response.read1(min(_CHUNK, max_bytes + 1 - len(content)), decode_content=False)
            if not chunk:
                response.release_conn()
                return bytes(content), True
            content += chunk
    except (HTTPError, OSError):
        pass  # the status is known, which is what counts; the body ends here
    response.close()
    return bytes(content[:max_bytes]), False


class _Vetted:
    """Connects only to vetted addresses and tells the call whom it reached."""

    peer = ""

    def _new_conn(self: Any) -> socket.socket:
        scheme = "https" if isinstance(self, HTTPSConnection) else "http"
        port = self.port or DEFAULT_PORTS[scheme]
        connection = connect_vetted(Target(scheme, self.host.strip("[]"), port, "/"))
        self.peer = str(connection.getpeername()[0])
        call = _call.get(None)
        if call is not None:
            call.is_fresh = True
        return connection

    def getresponse(self: Any) -> Any:
        call = _call.get(None)
        if call is not None:
            call.peer = self.peer
        return super().getresponse()  # type: ignore[misc]  # the connection class beside this one


class _PlainConnection(_Vetted, HTTPConnection): ...


class _EncryptedConnection(_Vetted, HTTPSConnection): ...


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _EncryptedConnection


class _Pools(urllib3.PoolManager):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.pool_classes_by_scheme = {"http": _PlainPool, "https": _EncryptedPool}


@cache
def _pools(_process: int) -> _Pools:
    """Warm connections, one set per process so that a fork never shares a socket."""
    return _Pools(
        num_pools=POOLS,
        maxsize=settings.WEBHOOK_CONCURRENCY,
        block=False,
        ssl_context=_encryption(),
    )


def _encryption() -> ssl.SSLContext:
    context = create_urllib3_context()
    context.sslsocket_class = DeadlineSSLSocket
    context.load_verify_locations(cafile=certifi.where())
    if settings.OUTBOUND_CA_FILE:
        context.load_verify_locations(cafile=settings.OUTBOUND_CA_FILE)
    return context
