"""Where the embedded server listens: short enough for the kernel."""

import hashlib
import tempfile
from pathlib import Path

LONGEST_SOCKET_PATH = 100
"""The kernel takes 107 bytes on Linux, 103 on macOS."""


def socket_path(data_directory: Path) -> Path:
    """The socket beside the data; where that is too long, in a directory named by a digest."""
    path = data_directory / "redis" / "valkey.sock"
    if len(os_bytes(path)) < LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os_bytes(data_directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"formplatform-{digest}" / "valkey.sock"


def os_bytes(path: Path) -> bytes:
    return str(path).encode()
