"""The process that owns the embedded Valkey: it runs as long as anybody uses the server.

Run as a script, on the standard library alone, so that it starts in milliseconds. Whoever uses the
server holds a shared lock on `users.lock`, which the kernel drops however that process ends. The
guardian stops the server when it gets that lock for itself. `server.lock` is inherited by the
server: two servers in one directory, which would spoil the append-only file, cannot be, even after
a guardian was killed.
"""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TICK_SECONDS = 0.25
SYNC_SECONDS = 1.0
START_SECONDS = 120.0
"""A long append-only file takes a while to read."""
STOP_SECONDS = 10.0
STEADY_SECONDS = 10.0
"""A process that ran this long is restarted as if it had never failed."""
LONGEST_DELAY_SECONDS = 30.0
LONGEST_LOG = 5 * 1024 * 1024
BUSY = 75
LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one embedded server lives."""

    directory: Path
    socket: Path
    log: Path

    @property
    def users(self) -> Path:
        return self.directory / "users.lock"

    @property
    def guardian(self) -> Path:
        return self.directory / "guardian.lock"

    @property
    def server(self) -> Path:
        return self.directory / "server.lock"


class BackOff:
    """When to restart what ended: after 1, 2, 4, 8, 16, then every 30 seconds."""

    def __init__(self) -> None:
        self.failures = 0
        self.due_at: float | None = None

    def is_due(self, *, started_at: float) -> bool:
        """Asked again and again once the process has ended; true when its wait is over."""
        now = time.monotonic()
        if self.due_at is None:
            if now - started_at >= STEADY_SECONDS:
                self.failures = 0
            self.due_at = now + min(LONGEST_DELAY_SECONDS, float(1 << min(self.failures, 10)))
        if now < self.due_at:
            return False
        self.failures += 1
        self.due_at = None
        return True


def cap_log(log: Path) -> None:
    """Keep a log and its predecessor at a bounded size. The writer must append (O_APPEND)."""
    if log.exists() and log.stat().st_size > LONGEST_LOG:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def sync_append_only_file(directory: Path) -> None:
    """Bring to the disk what the server has written: a power cut costs a second, not more."""
    for path in (directory / "appendonlydir").glob("*.aof"):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:  # the server has just rewritten it
            continue
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def take_lock(path: Path, operation: int) -> int | None:
    """Lock a file; the open descriptor is the lock. None where another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, operation)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def ask(address: Path, command: bytes) -> bytes:
    """One command to the server; empty where nobody answers."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            client.connect(str(address))
            client.sendall(command + b"\r\n")
            return client.recv(64)
    except OSError:
        return b""


def is_answering(address: Path) -> bool:
    return ask(address, b"PING").startswith(b"+PONG")


def server_command(binary: str, place: Place) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(place.socket),
        "unixsocketperm": "700",
        "dir": str(place.directory),
        "daemonize": "no",
        "save": "",
        "appendonly": "yes",
        # With "everysec" the server holds back writes while it syncs, and loses what it has
        # acknowledged when it is killed then. So it always writes at once, and we sync.
        "appendfsync": "no",
        # Only what carries a time limit may be thrown out: caches, never queues or numbers.
        "maxmemory": "1gb",
        "maxmemory-policy": "volatile-lru",
    }
    return [binary, *(part for name, value in options.items() for part in (f"--{name}", value))]


class Guardian:
    """Starts the server, restarts it when it ends, stops it when nobody is left."""

    def __init__(self, place: Place, command: Sequence[str]) -> None:
        self.place = place
        self.command = command
        self.server: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.back_off = BackOff()
        self.told_to_stop = False
        self._users = os.open(place.users, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def start(self) -> None:
        """Start the server and wait until it answers; raises RuntimeError where it does not."""
        lock = self._take_server_lock()
        with self.place.log.open("ab") as log:
            self.server = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                start_new_session=True,
            )
        os.close(lock)  # from here on the server alone holds it
        self.started_at = time.monotonic()
        while not is_answering(self.place.socket):
            if self.server.poll() is not None:
                raise RuntimeError(f"it ended with {self.server.returncode}, see {self.place.log}")
            if time.monotonic() > self.started_at + START_SECONDS:
                raise RuntimeError(f"it did not answer, see {self.place.log}")
            time.sleep(0.01)

    def _take_server_lock(self) -> int:
        """The directory's lock; a server that outlived its guardian is asked to leave first."""
        deadline = time.monotonic() + STOP_SECONDS
        while (lock := take_lock(self.place.server, fcntl.LOCK_EX | fcntl.LOCK_NB)) is None:
            if time.monotonic() > deadline:
                raise RuntimeError(f"another server holds {self.place.directory}")
            ask(self.place.socket, b"SHUTDOWN")
            time.sleep(0.05)
        return lock

    def serve(self) -> None:
        """Keep the server running until nobody uses it."""
        synced_at = time.monotonic()
        while not self.told_to_stop and self._is_ours() and self._is_used():
            if self.server is None or self.server.poll() is not None:
                self._restart()
            cap_log(self.place.log)
            if time.monotonic() - synced_at >= SYNC_SECONDS:
                sync_append_only_file(self.place.directory)
                synced_at = time.monotonic()
            time.sleep(TICK_SECONDS)
        self.stop()

    def _restart(self) -> None:
        if not self.back_off.is_due(started_at=self.started_at):
            return
        try:
            self.start()
        except RuntimeError as error:
            print(f"restart failed: {error}", file=sys.stderr, flush=True)  # noqa: T201 - our log

    def _is_used(self) -> bool:
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False  # ours now: who comes next waits until this process has ended

    def _is_ours(self) -> bool:
        """False where the directory was removed, or removed and made again."""
        try:
            return self.place.users.stat().st_ino == os.fstat(self._users).st_ino
        except OSError:
            return False

    def stop(self) -> None:
        if self.server is None:
            return
        if self._is_ours():
            self.server.terminate()
        else:
            self.server.kill()  # a clean end would remove the socket of a successor
        try:
            self.server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()


def guard(place: Place, command: Sequence[str], answer: int) -> None:
    """Own the server. How the start went is written to the descriptor `answer`, once."""
    if take_lock(place.guardian, fcntl.LOCK_EX | fcntl.LOCK_NB) is None:
        os.write(answer, b"busy")
        return
    guardian = Guardian(place, command)
    signal.signal(signal.SIGTERM, lambda *_: setattr(guardian, "told_to_stop", True))
    try:
        guardian.start()
    except (OSError, RuntimeError) as error:
        guardian.stop()
        os.write(answer, str(error).encode())
        return
    os.write(answer, b"ready")
    os.close(answer)
    guardian.serve()


def detach(log: Path) -> None:
    """Leave the starter's session and terminal."""
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for target, source in enumerate((null, output, output)):
        os.dup2(source, target)
    os.close(null)
    os.close(output)


def main(arguments: Sequence[str]) -> int:
    """``guardian.py <directory> <socket> <log> <server binary>``: 0 once the server answers.

    The process that was started only reports; the guardian is its child, which nobody waits for.
    """
    directory, address, log, binary = arguments
    place = Place(Path(directory), Path(address), Path(log))
    reading, answer = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        detach(place.log.with_name("guardian.log"))
        guard(place, server_command(binary, place), answer)
        os._exit(0)
    os.close(answer)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    if said in ("ready", "busy"):
        return 0 if said == "ready" else BUSY
    sys.stderr.write(said or "the guardian ended")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
