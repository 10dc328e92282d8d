"""What a URL must look like before we send to it.

Stricter than a browser on purpose: whatever two parsers could read in two ways is refused, so
that the host that was checked is the host that is connected to.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from integrations.errors import RefusedTargetError

from .addresses import Address, Network, is_public, is_within, parse_address
from .names import is_local_name

DEFAULT_PORTS = {"http": 80, "https": 443}
LONGEST_URL = 2048
LONGEST_HOST = 253
_TEXT = re.compile(r"[!-~]+")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_BRACKETED = re.compile(r"\[([^\]]*)\](?::\d+)?")
_NUMERIC_LABEL = re.compile(r"\d+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Target:
    """One place to send to. `host` is lower case without brackets; `path` includes the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def literal(self) -> Address | None:
        """The address, where the URL names one instead of a host."""
        try:
            return parse_address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if DEFAULT_PORTS[self.scheme] == self.port else f"{host}:{self.port}"


def parse_target(url: str) -> Target:
    """The target a URL names.

    Raises:
        RefusedTargetError: the URL is malformed, ambiguous, or names what we never send to.
            A host name is not resolved here: its addresses are checked when connecting.
    """
    target = _read(url)
    _check_reach(target)
    return target


@lru_cache(maxsize=1024)
def _read(url: str) -> Target:
    """What the text alone says, which no setting changes."""
    if not _TEXT.fullmatch(url) or "\\" in url or len(url) > LONGEST_URL:
        raise _refusal(
            "malformed_url",
            f"The URL must be 1 to {LONGEST_URL} visible ASCII characters without a backslash; "
            "write an international host name in its xn-- form and escape the path.",
        )
    try:
        parts = urlsplit(url)
        given_port = parts.port
    except ValueError as error:
        # Python's own strictness about brackets differs between its patch releases.
        reason = "host" if "[" in url else "malformed_url"
        raise _refusal(reason, "The URL cannot be read.") from error
    _check_form(parts)
    return Target(
        scheme=parts.scheme,
        host=_parse_host(parts),
        port=DEFAULT_PORTS[parts.scheme] if given_port is None else given_port,
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )


def check_addresses(target: Target, addresses: Collection[Address]) -> None:
    """Refuse the target unless every one of its addresses may be reached at its port.

    Raises:
        RefusedTargetError: one is not public and not allowed, or the port is not on the list.
            The message does not say which: it would tell a stranger about our network.
    """
    for address in addresses:
        if is_within(address, _allowed_networks()):
            continue
        if not is_public(address) or is_within(address, settings.OUTBOUND_DENIED_NETWORKS):
            raise _refusal("private_address", "The host is not on the public internet.")
        if target.port not in settings.OUTBOUND_ALLOWED_PORTS:
            raise _port_refusal()


def _check_form(parts: SplitResult) -> None:
    if parts.scheme not in DEFAULT_PORTS:
        raise _refusal("scheme", "The URL must begin with https:// or http://.")
    if "@" in parts.netloc:
        raise _refusal("userinfo", "The URL must not hold a user name or password.")
    if parts.netloc.endswith(":"):
        raise _refusal("malformed_url", "The URL has a colon but no port.")
    if parts.fragment:
        raise _refusal("malformed_url", "Leave out the part behind #: it is never sent.")


def _parse_host(parts: SplitResult) -> str:
    if parts.netloc.startswith("["):
        # Python reads [::1].example.com as ::1; others may go for what stands behind it.
        bracketed = _BRACKETED.fullmatch(parts.netloc)
        return _parse_ipv6(bracketed[1] if bracketed else "")
    host = (parts.hostname or "").removesuffix(".")
    labels = host.split(".")
    if len(host) > LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise _refusal("host", "The URL's host is not a host name.")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        # Resolvers read 127.1, 0x7f.1 and 2130706433 as addresses too: one spelling is enough.
        return _parse_ipv4(host)
    return host


def _parse_ipv4(host: str) -> str:
    try:
        return str(IPv4Address(host))
    except AddressValueError as error:
        raise _refusal("host", "Write an IPv4 address as four decimal numbers.") from error


def _parse_ipv6(host: str) -> str:
    if "%" in host:
        raise _refusal("host", "An IPv6 address must not have a zone.")
    try:
        return str(IPv6Address(host))
    except AddressValueError as error:
        raise _refusal("host", "The brackets must hold an IPv6 address.") from error


def _check_reach(target: Target) -> None:
    """What can be said without resolving the name; an allowed network opens every port."""
    literal = target.literal
    if literal is not None:
        check_addresses(target, [literal])
    elif not _allowed_networks():
        if is_local_name(target.host):
            raise _refusal("private_name", "The host name is one of a private network.")
        if target.port not in settings.OUTBOUND_ALLOWED_PORTS:
            raise _port_refusal()


def _allowed_networks() -> tuple[Network, ...]:
    networks: tuple[Network, ...] = settings.OUTBOUND_ALLOWED_NETWORKS
    return networks


def _port_refusal() -> RefusedTargetError:
    ports = ", ".join(str(port) for port in sorted(settings.OUTBOUND_ALLOWED_PORTS))
    return _refusal("port", f"The port must be one of {ports}.")


def _refusal(reason: str, message: str) -> RefusedTargetError:
    return RefusedTargetError(message, reason=reason)
