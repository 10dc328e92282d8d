"""Who an address stands for, where something is limited per address."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.http import HttpRequest

HOST_BITS_OF_A_HOUSEHOLD = 64
NOBODY = "0.0.0.0"  # noqa: S104 - nothing is bound to it


def find_address(text: str | None) -> IPv4Address | IPv6Address | None:
    """The address a text spells; an IPv4 address in IPv6 clothes is that IPv4 address."""
    try:
        found = ip_address(text or "")
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def network_of(address: str | None) -> str:
    """The address itself, or the first one of its /64 network for IPv6.

    Whoever has an IPv6 line has 2^64 addresses (RFC 6177), so one of them stands for nobody. What
    is no address is nobody in particular: all of those share one limit.
    """
    found = find_address(address)
    if found is None:
        return NOBODY
    if isinstance(found, IPv4Address):
        return str(found)
    network = ip_network((int(found), HOST_BITS_OF_A_HOUSEHOLD), strict=False)
    return str(network.network_address)


def client_network(request: HttpRequest) -> str:
    """The network a request comes from; trusted proxies are already seen through."""
    return network_of(request.META.get("REMOTE_ADDR"))
