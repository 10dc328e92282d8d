"""Couriers that deliver, and what befalls them, their broker and their database."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil

COURIER = [sys.executable, "-m", "tests.fakes.hurried"]
WORKER = [
    *(sys.executable, "-m", "celery", "-A", "tests.fakes.hurried", "worker", "-B", "-c", "1"),
    *("--without-gossip", "--without-mingle", "-l", "ERROR", "-s"),
]
TEND_SECONDS = 0.2
LAST_AT = 0.9
"""Misfortunes are spread over so much of what is to arrive, however fast that is."""
STALL_SECONDS = (0.5, 2.5)
HELD_SECONDS = (1.0, 4.0)
WARM_SECONDS = 10.0
"""How old a courier is when its memory is first looked at."""


class Fleet:
    """Couriers and a Celery worker: whichever ends is replaced, until told otherwise."""

    def __init__(self, couriers: int, directory: Path) -> None:
        self.log = (directory / "couriers.log").open("a")
        beat = str(directory / "beat")
        self.born: dict[int, float] = {}
        self.running = [self._start(COURIER) for _ in range(couriers)]
        self.running.append(self._start([*WORKER, beat]))
        self.ended_by_themselves: list[int] = []
        self.memory: dict[int, tuple[int, int]] = {}
        """By process: bytes once it was warm, and the most since then."""
        self._stopping = threading.Event()
        self._tending = threading.Thread(target=self._tend, daemon=True)
        self._tending.start()

    def _start(self, command: list[str]) -> subprocess.Popen:
        started = subprocess.Popen(
            command, stdout=self.log, stderr=self.log, start_new_session=True
        )
        self.born[started.pid] = time.monotonic()
        return started

    def kill(self, place: int) -> bool:
        """Whether it was alive."""
        process = self.running[place]
        was_alive = process.poll() is None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return was_alive

    def _tend(self) -> None:
        while not self._stopping.wait(TEND_SECONDS):
            self._look_after_all()

    def _look_after_all(self) -> None:
        for place, process in enumerate(self.running):
            ended = process.poll()
            if ended is None:
                self._weigh(process.pid)
                continue
            if ended != -signal.SIGKILL:
                self.ended_by_themselves.append(ended)
            self.kill(place)  # what a worker that ended left behind
            self.running[place] = self._start(list(process.args))  # type: ignore[arg-type]

    def _weigh(self, pid: int) -> None:
        if time.monotonic() - self.born[pid] < WARM_SECONDS:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            now = psutil.Process(pid).memory_info().rss
            first, most = self.memory.get(pid, (now, now))
            self.memory[pid] = (first, max(most, now))

    @property
    def most_growth(self) -> int:
        return max((most - first for first, most in self.memory.values()), default=0)

    def stop(self) -> None:
        self._stopping.set()
        self._tending.join()
        for process in self.running:
            process.terminate()
        for place, process in enumerate(self.running):
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                self.ended_by_themselves.append(0)
            self.kill(place)
            process.wait()
        self.log.close()


class Chaos(threading.Thread):
    """So many misfortunes, one after the other, each chosen and timed by chance."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        misfortunes: int,
        rng: random.Random,
        kill_enqueuer: Callable[[], bool],
        share_arrived: Callable[[], float],
    ) -> None:
        super().__init__(daemon=True)
        self.fleet = fleet
        self.due = sorted(rng.uniform(0, LAST_AT) for _ in range(misfortunes))
        """After which share of what is to arrive each comes."""
        self._share_arrived = share_arrived
        self.random = rng
        self.counts: Counter[str] = Counter()
        self.failure: BaseException | None = None
        self._kill_enqueuer = kill_enqueuer

    @property
    def left(self) -> int:
        return len(self.due)

    def run(self) -> None:
        kinds = [
            *[("couriers killed", self._kill_courier)] * 4,
            *[("enqueuers killed", self._kill_enqueuer)] * 2,
            ("workers killed", self._kill_worker),
            ("brokers killed", lambda: stop_broker(signal.SIGKILL) is not None),
            ("brokers stalled", self._stall_broker),
            *[("databases cut off", self._cut_database)] * 2,
        ]
        try:
            while self.due:
                time.sleep(TEND_SECONDS)
                if self._share_arrived() < self.due[0]:
                    continue
                name, strike = self.random.choice(kinds)
                if strike():
                    self.counts[name] += 1
                    self.due.pop(0)
        except BaseException as error:
            self.failure = error
            raise

    def _kill_courier(self) -> bool:
        return self.fleet.kill(self.random.randrange(len(self.fleet.running) - 1))

    def _kill_worker(self) -> bool:
        return self.fleet.kill(len(self.fleet.running) - 1)

    def _stall_broker(self) -> bool:
        pid = stop_broker(signal.SIGSTOP)
        if pid is None:
            return False
        time.sleep(self.random.uniform(*STALL_SECONDS))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        return True

    def _cut_database(self) -> bool:
        """Whether somebody was cut off."""
        from django.db import connection

        try:
            if connection.vendor == "sqlite":
                hold_database(self.random.uniform(*HELD_SECONDS))
                return True
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    " AND random() < 0.7"
                )
                return bool(cursor.fetchall())
        finally:
            connection.close()


def stop_broker(how: signal.Signals) -> int | None:
    """Send the embedded Valkey a signal; its process id, None where it does not answer."""
    from formplatform.core.connections import REDIS_ERRORS, numbers

    try:
        pid = int(numbers().info("server")["process_id"])
    except REDIS_ERRORS:
        return None
    os.kill(pid, how)
    return pid


def hold_database(seconds: float) -> None:
    """Be the writer that does not end."""
    from django.conf import settings

    holder = sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=20)
    try:
        holder.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
    finally:
        holder.rollback()
        holder.close()
