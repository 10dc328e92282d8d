"""The one door through which requests leave the house.

Nothing else opens connections outward. Every request is held to the rules of `targets`: the name
is resolved once and refused unless all its addresses may be reached, redirects are answers and not
followed, proxies of the environment are ignored, the answer is read up to a cap, and one deadline
covers name, connection, handshake, request and answer together. docs/reference/outbound.md has
the whole list.
"""

import ssl
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import certifi
from django.conf import settings

from .errors import OutboundError, RefusedRequestError, UnreachableError
from .outbound.bodies import read_body
from .outbound.calls import Call
from .outbound.connecting import connect, find_vetted
from .outbound.connections import Connection
from .outbound.messages import FRAMING, ClosedError, Head, read_head, render_request
from .outbound.proxies import connect_through, parse_proxy
from .outbound.targets import Target, parse_target
from .outbound.warm import warm_connections

USER_AGENT = "formplatform/2 (+webhooks)"
DEFAULT_MAX_BYTES = 64 * 1024
MOST_REQUEST_BYTES = 16 * 1024 * 1024
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_TELLS_REPETITIONS = frozenset({"idempotency-key", "webhook-id"})
"""Headers by which a peer knows a request that comes again (RFC 9110, 9.2.2)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back. `complete` is False where the body was cut at the cap or by the clock."""

    status: int
    headers: Mapping[str, str]
    """Names are lower case; what came several times is joined with commas."""
    body: bytes
    complete: bool
    peer: str
    seconds: float
    phases: Mapping[str, float | None]
    """Milliseconds by phase (`calls.PHASES`); None for what a warm connection spares."""
    request_headers: Mapping[str, str]
    """As they were sent, secrets included: `redaction.redact_headers` before keeping them."""


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
        RefusedRequestError: the request itself is not one we send.
        UnreachableError: there was no answer; `reason` is dns, connect, tls, timeout, protocol or
            proxy. All errors carry `phases`, `peer`, `seconds` and `request_headers`, as `Answer`.
    """
    call = Call(timeout_seconds)
    sent: dict[str, str] = {}
    try:
        target = parse_target(url)
        named = {name.lower() for name in headers or ()}
        sent = _with_framing(target, headers or {}, named)
        message = _render(method, target, sent, body)
        may_repeat = method in IDEMPOTENT or not named.isdisjoint(_TELLS_REPETITIONS)
        connection, head = _exchange(target, message, call, may_repeat=may_repeat)
        return _finish(connection, head, _Request(method, target, sent, max_bytes), call)
    except OutboundError as error:
        _tell(error, call, sent)
        raise
    except (OSError, ValueError) as error:
        raise _tell(_unreachable(error, call), call, sent) from error


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: Target
    headers: Mapping[str, str]
    max_bytes: int


def _tell(error: OutboundError, call: Call, sent: Mapping[str, str]) -> OutboundError:
    """Add what is known about the call that failed."""
    error.seconds, error.phases = call.seconds, call.end()
    error.peer, error.request_headers = call.peer, sent
    return error


def _with_framing(target: Target, headers: Mapping[str, str], named: set[str]) -> dict[str, str]:
    if not named.isdisjoint(FRAMING):
        raise RefusedRequestError("A header is one that only the client sets.", reason="header")
    return {
        "Host": target.authority,
        **({} if "user-agent" in named else {"User-Agent": USER_AGENT}),
        **headers,
        # Never compressed: nothing here unpacks an answer, so none can unpack to gigabytes.
        "Accept-Encoding": "identity",
    }


def _render(method: str, target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    if len(body) > MOST_REQUEST_BYTES:
        raise RefusedRequestError("The body is too large to be sent.", reason="too_large")
    return render_request(method, target.path, headers, body)


def _exchange(
    target: Target, message: bytes, call: Call, *, may_repeat: bool
) -> tuple[Connection, Head]:
    """The head of the answer, and the connection that its body comes over."""
    warm = warm_connections().take(_key(target))
    if warm is not None:
        call.peer = warm.peer
        try:
            warm.check_reach(target, settings.OUTBOUND_ALLOWED_NETWORKS)
            return warm, _ask(warm, message, call)
        except (ClosedError, ConnectionError, ssl.SSLEOFError):
            # It ended before any answer: most likely it was closed as idle.
            warm.close()
            if not may_repeat:
                raise
        except BaseException:
            warm.close()
            raise
    fresh = _open(target, call)
    try:
        return fresh, _ask(fresh, message, call)
    except BaseException:
        fresh.close()
        raise


def _ask(connection: Connection, message: bytes, call: Call) -> Head:
    call.enter("wait")
    try:
        patient = connection.send(message, call)
    except (ConnectionError, ssl.SSLEOFError):
        # A peer that refuses a body may answer and hang up before it has read all of it.
        return _unpersistent(read_head(connection, call))
    head = read_head(connection, call)
    return head if patient else _unpersistent(head)


def _unpersistent(head: Head) -> Head:
    return replace(head, is_persistent=False)


def _open(target: Target, call: Call) -> Connection:
    endpoints = find_vetted(target, call)
    call.enter("connect")
    if settings.OUTBOUND_PROXY_URL:
        connection = connect_through(parse_proxy(settings.OUTBOUND_PROXY_URL), endpoints, call)
    else:
        connection = Connection(*connect(endpoints, call))
    call.peer = connection.peer
    if target.scheme == "https":
        call.enter("tls")
        try:
            connection.encrypt(_encryption(settings.OUTBOUND_CA_FILE), target.host, call)
        except BaseException:
            connection.close()
            raise
    return connection


def _finish(connection: Connection, head: Head, request: _Request, call: Call) -> Answer:
    call.enter("body")
    try:
        body = read_body(
            connection, head, method=request.method, max_bytes=request.max_bytes, call=call
        )
    except BaseException:
        connection.close()
        raise
    if body.is_clean and head.is_persistent:
        most = settings.WEBHOOK_CONCURRENCY
        warm_connections().put(_key(request.target), connection, most=most)
    else:
        connection.close()
    return Answer(
        status=head.status,
        headers=head.headers,
        body=body.content,
        complete=body.complete,
        peer=connection.peer,
        seconds=call.seconds,
        phases=call.end(),
        request_headers=request.headers,
    )


def _key(target: Target) -> Hashable:
    """What a connection leads to, by the rules it was made under."""
    way = settings.OUTBOUND_PROXY_URL, settings.OUTBOUND_CA_FILE
    return target.scheme, target.host, target.port, way


def _unreachable(error: Exception, call: Call) -> UnreachableError:
    """Our words for a failure: the system's own may hold the URL, and URLs hold tokens."""
    if isinstance(error, TimeoutError):
        reason = "dns" if call.phase == "dns" else "timeout"
        return UnreachableError("There was no answer in time.", reason=reason)
    if call.phase == "tls":
        return UnreachableError(
            "The host's certificate or encryption is not acceptable.", reason="tls"
        )
    return UnreachableError("The host did not answer as HTTP does.", reason="protocol")


@lru_cache(maxsize=4)
def _encryption(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks the certificate and its host name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.set_alpn_protocols(["http/1.1"])
    context.load_verify_locations(cafile=certifi.where())
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context
