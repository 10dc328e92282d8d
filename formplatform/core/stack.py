"""The whole platform on one machine: web, worker and beat beside the embedded stores."""

import contextlib
import fcntl
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection, HTTPException

from django.conf import settings

from .connections import REDIS_ERRORS
from .embedded import ensure_stores, stores_in
from .guardian import take_lock
from .heartbeats import Role, last_beat
from .processes import Program, StartError, Supervisor

WEB_PROCESSES = 2
WEB_THREADS = 8
WORKER_PROCESSES = 2
MODULES = [sys.executable, "-m"]


@contextlib.contextmanager
def running_stack(port: int, *, host: str = "127.0.0.1") -> Iterator[tuple[Supervisor, int]]:
    """Start everything; yields the supervisor and the port (0 asks for a free one).

    Raises StartError, leaving nothing behind.
    """
    with only_one_stack(), open_port(host, port) as listener:
        ensure_stores()
        address = listener.getsockname()
        chores = [stores_in(settings.DATA_DIRECTORY).tend] if settings.EMBEDDED_REDIS else []
        with Supervisor(programs(listener, address), chores=chores) as supervisor:
            yield supervisor, address[1]


@contextlib.contextmanager
def only_one_stack() -> Iterator[None]:
    """A second one on the same data would send every schedule twice."""
    directory = settings.DATA_DIRECTORY / "run"
    directory.mkdir(parents=True, exist_ok=True)
    lock = take_lock(directory / "stack.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
    if lock is None:
        raise StartError(
            f"The platform runs already on {settings.DATA_DIRECTORY}: "
            "stop it, or set DATA_DIRECTORY to another place."
        )
    try:
        yield
    finally:
        os.close(lock)


def open_port(host: str, port: int) -> socket.socket:
    """Listen before anything starts: a taken port is known at once, and restarts keep it."""
    try:
        return socket.create_server((host, port), backlog=512)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise StartError(f"Port {port} cannot be opened ({reason}): use --port.") from error


def _share_metrics() -> dict[str, str]:
    """One directory in which web and worker add up what they count, empty at the start."""
    directory = settings.DATA_DIRECTORY / "run" / "metrics"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return {"PROMETHEUS_MULTIPROC_DIR": str(directory)}


def programs(listener: socket.socket, address: tuple[str, int]) -> list[Program]:
    """What runs, in the order of the start; it is stopped in the reverse order."""
    shared = _share_metrics()
    return [
        replace(program, variables=shared)
        for program in (_web(listener, address), _worker(), _beat())
    ]


def _web(listener: socket.socket, address: tuple[str, int]) -> Program:
    command = [
        *MODULES, "gunicorn", "formplatform.wsgi", "--worker-class", "gthread",
        "--workers", str(WEB_PROCESSES), "--threads", str(WEB_THREADS),
        "--bind", f"fd://{listener.fileno()}", "--keep-alive", "30",
        "--graceful-timeout", "10", "--log-level", "warning",
    ]  # fmt: skip
    return Program(
        name="web",
        command=command,
        log=settings.DATA_DIRECTORY / "logs" / "web.log",
        is_ready=lambda _since: _is_serving(address),
        directory=settings.BASE_DIR,
        descriptors=(listener.fileno(),),
    )


def _worker() -> Program:
    options = ["--concurrency", str(WORKER_PROCESSES), "--without-gossip", "--without-mingle"]
    return _celery("worker", [*options, "--loglevel", "WARNING"], Role.WORKER)


def _beat() -> Program:
    return _celery("beat", ["--loglevel", "WARNING", "--pidfile="], Role.BEAT)


def _celery(name: str, options: list[str], role: Role) -> Program:
    return Program(
        name=name,
        command=[*MODULES, "celery", "-A", "formplatform", name, *options],
        log=settings.DATA_DIRECTORY / "logs" / f"{name}.log",
        is_ready=lambda since: _has_beaten(role, since),
        directory=settings.BASE_DIR,
    )


def _is_serving(address: tuple[str, int]) -> bool:
    connection = HTTPConnection(*address, timeout=2)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200  # noqa: PLR2004 - OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _has_beaten(role: Role, since: float) -> bool:
    try:
        beat = last_beat(role)
    except REDIS_ERRORS:
        return False
    return beat is not None and beat >= since
