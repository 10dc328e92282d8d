"""An egress proxy that the deployment names: it is asked to connect to an address we vetted.

Plain and encrypted requests alike go through a tunnel (CONNECT): a request in absolute form would
either carry the name, and the proxy would look it up a second time, or the address, and the proxy
would replace the Host header with it (RFC 9112, 3.2.2).
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from integrations.errors import OutboundError, ProxyError, UnreachableError

from .calls import Call
from .connecting import connect
from .connections import Connection
from .messages import ProtocolError, read_head
from .resolving import Endpoint, resolve
from .targets import Target

DEFAULT_PORT = 3128
_FORWARDED = {502: "connect", 503: "connect", 504: "timeout"}
"""What a proxy answers where it is the receiver that cannot be reached."""


@dataclass(frozen=True, slots=True)
class Proxy:
    host: str
    port: int
    authorization: str = field(repr=False)


@lru_cache(maxsize=4)
def parse_proxy(url: str) -> Proxy:
    """The proxy a URL names: http://user:password@host:port. The settings have checked it."""
    parts = urlsplit(url)
    authorization = ""
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(credentials.encode()).decode()
    return Proxy(parts.hostname or "", parts.port or DEFAULT_PORT, authorization)


def connect_through(proxy: Proxy, endpoints: Sequence[Endpoint], call: Call) -> Connection:
    """A connection to the first of the vetted addresses the proxy gets through to.

    Raises:
        ProxyError: the proxy itself failed, or forbids it.
        UnreachableError: the receiver did, as without a proxy.
    """
    last: UnreachableError | None = None
    for endpoint in endpoints:
        try:
            return _tunnel(proxy, endpoint, call)
        except ProxyError:
            raise
        except UnreachableError as error:
            last = error
    raise last or UnreachableError("The host has no address.", reason="dns")


def _tunnel(proxy: Proxy, endpoint: Endpoint, call: Call) -> Connection:
    connection = _reach(proxy, endpoint, call)
    try:
        connection.send(_render(proxy, endpoint), call)
        head = read_head(connection, call)
    except ProtocolError as error:
        connection.close()
        raise ProxyError("The egress proxy does not answer as one.") from error
    except OSError:
        connection.close()
        raise
    if head.status // 100 == 2 and not head.rest:  # noqa: PLR2004 - the range of success
        return connection
    connection.close()
    if head.status in _FORWARDED:
        raise UnreachableError(
            "The host does not accept connections.", reason=_FORWARDED[head.status]
        )
    raise ProxyError(f"The egress proxy answered {head.status}.")


def _reach(proxy: Proxy, endpoint: Endpoint, call: Call) -> Connection:
    """A connection to the proxy, which stands where the deployment says, public or not."""
    try:
        target = Target("http", proxy.host, proxy.port, "/")
        connected, _ = connect(resolve(target, call), call)
    except OutboundError as error:
        raise ProxyError("The egress proxy cannot be reached.") from error
    call.enter("connect")
    return Connection(connected, endpoint.address[0])


def _render(proxy: Proxy, endpoint: Endpoint) -> bytes:
    host, port = endpoint.address[:2]
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
