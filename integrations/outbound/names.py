"""Host names that only mean something inside a network.

Refusing them when a URL is saved spares a person the dead letters; what protects the network is
the check of addresses when connecting.
"""

LOCAL = (
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "svc",
)
"""RFC 6761, 6762, 8375 and 7686, `internal` (ICANN), and what routers and clusters hand out."""
_SUFFIXES = tuple(f".{name}" for name in LOCAL)


def is_local_name(host: str) -> bool:
    """Whether a name has no place on the public internet. A public name has a dot inside."""
    return "." not in host or host in LOCAL or host.endswith(_SUFFIXES)
