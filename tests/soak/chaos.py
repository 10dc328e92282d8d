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
PAUSE_SECONDS = (0.5, 2.0)
STALL_SECONDS = (0.5, 2.5)
HELD_SECONDS = (1.0, 4.0)
WARM_SECONDS = 10.0
"""How old a courier is when its memory is first looked at."""


class Fleet:
    """Couriers and a Celery worker: whichever ends is replaced, until told otherwise."""

    def __init__(self, couriers: int, directory: Path) -> None:
        self.log = (directory / "couriers.log").open("a")
        beat = str(directory / "beat")
        self.running = [self._start(COURIER) for _ in range(couriers)]
        self.running.append(self._start([*WORKER, beat]))
        self.ended_by_themselves: list[int] = []
        self.memory: dict[int, tuple[int, int]] = {}
        """By process: bytes once it was warm, and the most since then."""

    def _start(self, command: list[str]) -> subprocess.Popen:
        started = subprocess.Popen(
            command, stdout=self.log, stderr=self.log, start_new_session=True
        )
        self.born = {**getattr(self, "born", {}), started.pid: time.monotonic()}
        return started

    def kill(self, place: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.running[place].pid, signal.SIGKILL)

    def tend(self) -> None:
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
        self, fleet: Fleet, *, misfortunes: int, rng: random.Random, kill_enqueuer: Callable
    ) -> None:
        super().__init__(daemon=True)
        self.fleet = fleet
        self.left = misfortunes
        self.random = rng
        self.counts: Counter[str] = Counter()
        self.failure: BaseException | None = None
        self._kill_enqueuer = kill_enqueuer

    def run(self) -> None:
        kinds = [
            *[("couriers killed", self._kill_courier)] * 4,
            *[("enqueuers killed", self._kill_enqueuer)] * 2,
            ("workers killed", self._kill_worker),
            ("brokers killed", lambda: stop_broker(signal.SIGKILL)),
            ("brokers stalled", self._stall_broker),
            *[("databases cut off", self._cut_database)] * 2,
        ]
        try:
            while self.left:
                time.sleep(self.random.uniform(*PAUSE_SECONDS))
                name, strike = self.random.choice(kinds)
                if strike() is not False:
                    self.counts[name] += 1
                    self.left -= 1
                else:
                    self._kill_courier()
        except BaseException as error:
            self.failure = error
            raise

    def _kill_courier(self) -> None:
        self.fleet.kill(self.random.randrange(len(self.fleet.running) - 1))

    def _kill_worker(self) -> None:
        self.fleet.kill(len(self.fleet.running) - 1)

    def _stall_broker(self) -> bool:
        pid = stop_broker(signal.SIGSTOP)
        if pid is None:
            return False
        time.sleep(self.random.uniform(*STALL_SECONDS))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        return True

    def _cut_database(self) -> None:
        from django.db import connection

        try:
            if connection.vendor == "sqlite":
                hold_database(self.random.uniform(*HELD_SECONDS))
            else:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                        " AND application_name <> 'soak' AND random() < 0.7"
                    )
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
