"""Who an address stands for, where something is limited per address."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.http import HttpRequest

HOST_BITS_OF_A_HOUSEHOLD = 64


def network_of(address: str | None) -> str:
    """The address itself, or the first one of its /64 network for IPv6.

    Whoever has an IPv6 line has 2^64 addresses (RFC 6177), so one of them stands for nobody. An
    IPv4 address in IPv6 clothes is that IPv4 address. What is no address is nobody in particular.
    """
    try:
        found = ip_address(address or "")
    except ValueError:
        return ""
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    network = ip_network((int(found), HOST_BITS_OF_A_HOUSEHOLD), strict=False)
    return str(network.network_address)


def client_network(request: HttpRequest) -> str:
    """The network a request comes from; trusted proxies are already seen through."""
    return network_of(request.META.get("REMOTE_ADDR"))
