"""Running programs: started, awaited, restarted with back-off, stopped in reverse order."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from .guardian import LAUNCH, BackOff, cap_log
from .reaper import kill_group

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.2
LAST_LINES = 15
REAPER = Path(__file__).with_name("reaper.py")


class StartError(Exception):
    """A process did not start. The message is for the person at the terminal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """What to run. `is_ready` gets the time of the start (seconds since 1970)."""

    name: str
    command: Sequence[str]
    log: Path
    is_ready: Callable[[float], bool]
    directory: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    """Added to the environment."""
    descriptors: Sequence[int] = ()
    start_seconds: float = 60.0
    stop_seconds: float = 15.0


@dataclass(slots=True)
class Running:
    """A program and its current process."""

    program: Program
    process: "subprocess.Popen[bytes]"
    started_at: float = field(default_factory=time.monotonic)
    back_off: BackOff = field(default_factory=BackOff)
    is_counted: bool = True
    """Whether the reaper knows of this process."""

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None


class Supervisor:
    """Starts programs side by side, keeps them running, stops them in reverse order.

    Each program leads a process group of its own, so that Ctrl-C reaches only the supervisor and
    nothing a program started survives it. `chores` are done at every look around.
    """

    def __init__(
        self, programs: Sequence[Program], *, chores: Sequence[Callable[[], None]] = ()
    ) -> None:
        self.programs = programs
        self.chores = chores
        self._running: list[Running] = []
        self._reaper: subprocess.Popen[bytes] | None = None
        self._tending: threading.Thread | None = None
        self._looking = threading.Lock()
        self._stopping = threading.Event()
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start everything and wait until it is ready; raises StartError, leaving nothing."""
        since = time.time()
        self._reaper = _start_reaper()
        try:
            self._running = [Running(program, self._launch(program)) for program in self.programs]
            for running in self._running:
                self._await(running, since=since)
        except BaseException:
            self.stop()
            raise

    def _launch(self, program: Program) -> "subprocess.Popen[bytes]":
        program.log.parent.mkdir(parents=True, exist_ok=True)
        variables = [f"{name}={value}" for name, value in program.variables.items()]
        launch = [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), *variables]
        with program.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                [*launch, *program.command],
                cwd=program.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=tuple(program.descriptors),
                start_new_session=True,
            )
        self._tell_reaper("+", process.pid)
        return process

    def _tell_reaper(self, sign: str, group: int) -> None:
        try:
            _write(self._reaper, f"{sign}{group}")
        except BrokenPipeError:  # somebody killed it: a new one has to know everything
            if self._reaper is not None:
                self._reaper.wait()
            self._reaper = _start_reaper()
            for running in self._running:
                _write(self._reaper, f"+{running.process.pid}")
            _write(self._reaper, f"{sign}{group}")

    def _await(self, running: Running, *, since: float) -> None:
        program = running.program
        deadline = time.monotonic() + program.start_seconds
        while not program.is_ready(since):
            if running.has_ended:
                raise StartError(f"{program.name} ended at once:\n{last_lines(program.log)}")
            if time.monotonic() > deadline:
                raise StartError(
                    f"{program.name} was not ready after {program.start_seconds:.0f} seconds:\n"
                    f"{last_lines(program.log)}"
                )
            time.sleep(0.05)

    def pids(self) -> dict[str, int]:
        """The process of each running program."""
        return {r.program.name: r.process.pid for r in self._running if not r.has_ended}

    def tend(self) -> None:
        """One look around: restart what has ended and is due, keep the logs short."""
        for chore in self.chores:
            chore()
        for running in self._running:
            cap_log(running.program.log)
            if not running.has_ended:
                continue
            if running.is_counted:
                self._bury(running)
            if running.back_off.is_due(started_at=running.started_at):
                running.started_at = time.monotonic()
                running.process = self._launch(running.program)
                running.is_counted = True

    def _bury(self, running: Running) -> None:
        """Kill whatever a process that ended has left in its group."""
        kill_group(running.process.pid)
        self._tell_reaper("-", running.process.pid)
        running.is_counted = False

    def keep(self) -> None:
        """Tend until `stop_keeping`.

        The thread outlives what it started: the kernel takes the end of a thread for the death of
        the parent, and would kill what `stop` is about to end cleanly.
        """
        while not self._stopping.wait(TICK_SECONDS):
            with self._looking:
                self._look_around()
        self._stopped.wait()

    def _look_around(self) -> None:
        try:
            if not self._stopping.is_set():
                self.tend()
        except (OSError, StartError):  # no room, no descriptors: there will be, some time
            logger.exception("could not tend the processes")

    def stop_keeping(self) -> None:
        self._stopping.set()

    def stop(self) -> None:
        """Stop everything, last started first; each gets its time to end cleanly."""
        self.stop_keeping()
        with self._looking:
            for running in reversed(self._running):
                self._stop(running)
        self._stopped.set()
        if self._tending is not None:
            self._tending.join()
        if self._reaper is not None and self._reaper.stdin is not None:
            self._reaper.stdin.close()
            self._reaper.wait()
        self._running = []

    def _stop(self, running: Running) -> None:
        if not running.has_ended:
            running.process.send_signal(signal.SIGTERM)
        try:
            running.process.wait(running.program.stop_seconds)
        except subprocess.TimeoutExpired:
            running.process.kill()
            running.process.wait()
        if running.is_counted:
            self._bury(running)

    def __enter__(self) -> Self:
        """Start, and tend in a thread for the length of the block."""
        self.start()
        self._tending = threading.Thread(target=self.keep, name="supervisor", daemon=True)
        self._tending.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _start_reaper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-I", "-S", str(REAPER)],
        bufsize=0,
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def _write(reaper: "subprocess.Popen[bytes] | None", line: str) -> None:
    if reaper is not None and reaper.stdin is not None:
        reaper.stdin.write(f"{line}\n".encode())


def last_lines(log: Path) -> str:
    """The end of a log, for an error message."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-LAST_LINES:])
