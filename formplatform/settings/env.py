"""Typed readers of the environment: the only module that reads it.

Every reader takes the variable's name and a default and refuses a malformed value with an error
that names the variable. A secret may come from a file: ``NAME_FILE=/run/secrets/name``.
"""

import os
import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

Default = TypeVar("Default")
Network = IPv4Network | IPv6Network

FAMILIES = (
    "ENABLE_", "WEBHOOK_", "CACHE_", "THROTTLE_", "REPORT_", "PLUGIN_", "ANALYTICS_", "OUTBOUND_",
)  # fmt: skip
"""How the names of our own variables begin, and of nobody else's."""

_read: set[str] = set()
"""Every name that was asked for."""
_in_files: dict[str, str] = {}
"""Names found in a file of variables → the file."""

LARGEST_PORT = 65535
TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


def load_dotenv(path: Path) -> None:
    """Read ``NAME=value`` lines of a file into the environment; what is set already wins."""
    if not path.is_file():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, separator, value = text.partition("=")
        if not separator:
            raise ImproperlyConfigured(f"{path.name} line {number}: expected NAME=value.")
        _in_files[name.strip()] = path.name
        os.environ.setdefault(name.strip(), _unquote(value))


def _unquote(value: str) -> str:
    text = value.strip()
    for quote in ("'", '"'):
        if text.startswith(quote) and text.endswith(quote) and text != quote:
            return text[1:-1]
    return text.split(" #", 1)[0].rstrip()


def provide(name: str, value: str) -> str:
    """Set a variable that is not set, for this process and its children; returns what holds."""
    return os.environ.setdefault(name, value)


def replace(name: str, value: str) -> None:
    """Set a variable whatever it was, for this process and its children."""
    os.environ.pop(f"{name}_FILE", None)
    os.environ[name] = value


def raw(name: str) -> str | None:
    """The variable's text, or None where it is unset or empty."""
    _read.add(name)
    return os.environ.get(name, "").strip() or None


def text(name: str, default: Default) -> str | Default:
    value = raw(name)
    return default if value is None else value


def secret(name: str, default: Default) -> str | Default:
    """A secret from ``NAME``, or from the file that ``NAME_FILE`` names."""
    file_name = raw(f"{name}_FILE")
    if file_name is None:
        return text(name, default)
    if raw(name) is not None:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set: keep one.")
    try:
        return Path(file_name).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE: cannot read {file_name}: {error}") from error


def boolean(name: str, *, default: bool) -> bool:
    value = raw(name)
    if value is None:
        return default
    if value.lower() in TRUE:
        return True
    if value.lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={value!r}: expected true or false.")


def integer(name: str, default: int, *, minimum: int = 0, maximum: int = 2**53) -> int:
    value = raw(name)
    if value is None:
        return default
    try:
        number = int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r}: expected a whole number.") from error
    if not minimum <= number <= maximum:
        raise ImproperlyConfigured(f"{name}={value}: expected {minimum} to {maximum}.")
    return number


def choice(name: str, default: str, *, options: Sequence[str]) -> str:
    value = raw(name)
    if value is None:
        return default
    if value not in options:
        raise ImproperlyConfigured(f"{name}={value!r}: expected one of {', '.join(options)}.")
    return value


def items(name: str, default: Sequence[str] = ()) -> list[str]:
    """A comma-separated list."""
    value = raw(name)
    if value is None:
        return list(default)
    return [part.strip() for part in value.split(",") if part.strip()]


def networks(name: str) -> tuple[Network, ...]:
    """A comma-separated list of networks in CIDR notation."""
    found: list[Network] = []
    for part in items(name):
        try:
            found.append(ip_network(part))
        except ValueError as error:
            raise ImproperlyConfigured(
                f"{name}={part!r}: expected a network such as 10.0.0.0/8."
            ) from error
    return tuple(found)


def ports(name: str, default: Collection[int]) -> frozenset[int]:
    """A comma-separated list of ports."""
    found = items(name)
    for part in found:
        if not (part.isdecimal() and 0 < int(part) <= LARGEST_PORT):
            raise ImproperlyConfigured(
                f"{name}={part!r}: expected a port from 1 to {LARGEST_PORT}."
            )
    return frozenset(map(int, found)) if found else frozenset(default)


def hosts(name: str) -> list[str]:
    """A comma-separated list of ``host:port``."""
    found = items(name)
    for part in found:
        host, _, port = part.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) <= LARGEST_PORT:
            raise ImproperlyConfigured(f"{name}={part!r}: expected host:port.")
    return found


def path(name: str, default: Path) -> Path:
    value = raw(name)
    return default if value is None else Path(value).expanduser().absolute()


def file(name: str) -> Path | None:
    """A file that is there and can be read."""
    if raw(name) is None:
        return None
    found = path(name, Path())
    try:
        found.open("rb").close()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: cannot read {found}: {error.strerror}.") from error
    return found


def make_directory(directory: Path, *, name: str) -> None:
    """Have a directory; where that fails, the error names the variable that chose it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}: cannot make {directory} ({error.strerror}): choose another place."
        ) from error


WINDOWS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


def rate(name: str, default: str) -> tuple[int, int] | None:
    """A rate like ``600/minute`` as (permits, seconds); None for ``none``."""
    value = raw(name) or default
    if value == "none":
        return None
    permits, _, window = value.partition("/")
    if not permits.isdigit() or int(permits) == 0 or window not in WINDOWS:
        raise ImproperlyConfigured(f"{name}={value!r}: expected like 600/minute, or none.")
    return int(permits), WINDOWS[window]


def url(name: str, *, schemes: Sequence[str]) -> str | None:
    """A URL with one of the given schemes; ``NAME_FILE`` works too, since URLs hold passwords."""
    value = secret(name, None)
    if value is None:
        return None
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in schemes or not rest:
        raise ImproperlyConfigured(
            f"{name}: expected a URL with the scheme {' or '.join(schemes)}."
        )
    _check_ports(name, rest)
    return value


def proxy(name: str) -> str | None:
    """A proxy such as http://user:password@proxy:3128: nothing behind host and port."""
    value = url(name, schemes=["http"])
    try:
        parts = urlsplit(value or "")
        plain = parts.hostname and not (parts.path.strip("/") or parts.query or parts.fragment)
    except ValueError:
        plain = False
    if value and not plain:
        raise ImproperlyConfigured(f"{name}: expected http://host:port and nothing behind it.")
    return value


def _check_ports(name: str, rest: str) -> None:
    """Of every host in a URL without its scheme; a MongoDB URL names several."""
    for host in re.split("[/?]", rest, maxsplit=1)[0].rpartition("@")[2].split(","):
        port = host.rpartition("]")[2].partition(":")[2]  # an IPv6 address has colons of its own
        if port and not (port.isdecimal() and 0 < int(port) <= LARGEST_PORT):
            raise ImproperlyConfigured(f"{name}: expected a port from 1 to {LARGEST_PORT}.")


def refuse_unknown(*elsewhere: str) -> None:
    """Refuse what nobody reads, as a typo: names of our families, and any in a file of ours.

    `elsewhere` are names that only other settings read, or that are read later.
    """
    known = {*_read, *elsewhere}
    known |= {f"{name}_FILE" for name in known}
    ours = [*_in_files, *(name for name in os.environ if name.startswith(FAMILIES))]
    for name in sorted(ours):
        if name not in known:
            near = get_close_matches(name, sorted(known), n=1)
            hint = f" Did you mean {near[0]}?" if near else " See .env.example."
            place = f" in {_in_files[name]}" if name in _in_files else ""
            raise ImproperlyConfigured(f"{name}: unknown variable{place}.{hint}")
