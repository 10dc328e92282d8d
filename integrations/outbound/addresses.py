"""Which network addresses we may connect to: public ones, and what the deployment allows.

The check fails closed. `ipaddress.is_global` lets NAT64, 6to4, IPv4-compatible and site-local
addresses through, which all lead into private networks, so IPv6 is refused unless it lies in the
space given out to the public internet, and that space is then narrowed.
Ranges: the IANA special-purpose address registries (RFC 6890 and its successors).
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_SPECIAL_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # the host of every Azure machine, in a public range
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: holds any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_ISATAP, _GLOBAL_BIT = 0x0000_5EFE, 0x0200_0000


def parse_address(text: str) -> Address:
    """An address as it is on the wire: an IPv4-mapped IPv6 address is the IPv4 address."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    if address not in _PUBLIC_V6 or _is_isatap(address):
        return False
    return not any(address in network for network in _SPECIAL_V6)


def _is_isatap(address: IPv6Address) -> bool:
    """Whether it holds an IPv4 address of somebody's own network (RFC 5214, 6.1)."""
    return int(address) >> 32 & ~_GLOBAL_BIT & 0xFFFF_FFFF == _ISATAP


def is_within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)
