"""The courier: one thread that owns the database side, many that wait for receivers.

It takes up what is due whenever it has a hand free, so an endpoint that hangs costs its own calls
and nobody else's time: a call that takes long gives its hand back and waits on its own. In a worker
it runs in the background and goes home when nothing is due soon; the command `deliver_webhooks`
runs it in the foreground; eager tasks run it in place.
"""

import logging
import os
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cache

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from formplatform.core import clock

from . import delivery
from .queue import lanes
from .sending import claims, outcomes
from .sending.jobs import Result, Run

logger = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 0.1
"""How soon what became due is seen while calls are in flight."""
STAY_SECONDS = 60.0
"""The courier waits for what is due within so long; beat wakes it for the rest."""
LEAST_STAY_SECONDS = 2.0
UNRUNG_SECONDS = 0.25
"""How soon the command sees what was enqueued while it had nothing to do: no bell reaches it."""
RECOVERY_SECONDS = 1.0
SLOW_SECONDS = 1.0
"""A call that takes longer no longer counts as a hand that is busy."""
MOST_THREADS_PER_HAND = 4


class Courier:
    """Delivers with up to `hands` quick calls in flight. `run` belongs to one thread at a time."""

    def __init__(self, *, hands: int) -> None:
        self.id = uuid.uuid4()
        self._hands = hands
        self._flying: dict[Future[list[Result]], tuple[Run, float]] = {}
        self._finished: list[Result] = []
        self._wake = threading.Event()
        self._stopping = threading.Event()

    def ring(self) -> None:
        """Look at the table now instead of at the next due time."""
        self._wake.set()

    def stop(self) -> None:
        """Take up nothing more; `run` returns when the calls in flight are written down."""
        self._stopping.set()
        self._wake.set()

    @property
    def is_wanted(self) -> bool:
        return self._wake.is_set() and not self._stopping.is_set()

    def run_until_idle(self) -> None:
        """Deliver what is due now, in this thread's database connection."""
        with self._pool() as pool:
            while self._step(pool) or self._flying:
                pass

    def run(self, *, stay_for_ever: bool = False) -> None:
        """Deliver until stopped, or until nothing will be due soon. Survives a lost database."""
        with self._pool() as pool:
            while True:
                self._wake.clear()
                try:
                    if self._step(pool) or self._flying:
                        continue
                    pause = max(_seconds_until_due(), LOOK_AGAIN_SECONDS)
                except (DatabaseError, InterfaceError):
                    logger.exception("the courier lost its database")
                    connection.close()
                    pause = RECOVERY_SECONDS
                if self._is_done(pause, stay_for_ever=stay_for_ever):
                    return
                close_old_connections()
                self._wake.wait(min(pause, UNRUNG_SECONDS if stay_for_ever else STAY_SECONDS))

    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._hands * MOST_THREADS_PER_HAND, thread_name_prefix="webhook")

    def _step(self, pool: ThreadPoolExecutor) -> bool:
        """Take up, wait a moment, write down; whether anything moved."""
        runs = self._take()
        for run in runs:
            self._flying[pool.submit(delivery.send_run, run)] = (run, time.monotonic())
        done, _ = wait(self._flying, LOOK_AGAIN_SECONDS, FIRST_COMPLETED)
        for future in done:
            del self._flying[future]
            self._finished += future.result()
        if self._finished:
            outcomes.record(self._finished, courier=self.id, in_flight=self._in_flight())
            self._finished = []
        return bool(runs or done)

    def _take(self) -> list[Run]:
        if self._stopping.is_set() or self._finished:
            return []
        slow_since = time.monotonic() - SLOW_SECONDS
        busy = sum(started > slow_since for _, started in self._flying.values())
        most = self._hands * MOST_THREADS_PER_HAND - len(self._flying)
        room = min(self._hands - busy, most)
        return claims.take(self.id, room=room, in_flight=self._in_flight()) if room > 0 else []

    def _in_flight(self) -> Counter[str]:
        return Counter(run.webhook_id for run, _ in self._flying.values())

    def _is_done(self, pause: float, *, stay_for_ever: bool) -> bool:
        if self._stopping.is_set():
            return not self._flying and not self._finished
        if stay_for_ever or self._finished or pause <= STAY_SECONDS:
            return False
        return not self._wake.wait(LEAST_STAY_SECONDS)


class Background:
    """A courier in a thread of its own that is there when the bell rings."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._courier: Courier | None = None
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
        with self._lock:
            if self._courier is None:
                self._courier = Courier(hands=settings.WEBHOOK_CONCURRENCY)
                self._thread = threading.Thread(
                    target=self._work, args=(self._courier,), name="courier", daemon=True
                )
                self._thread.start()
            self._courier.ring()

    def stop(self, *, patience_seconds: float) -> None:
        """Let the calls in flight end and be written down; a call that is cut is sent again."""
        with self._lock:
            thread = self._thread
            if self._courier is not None:
                self._courier.stop()
        if thread is not None:
            thread.join(patience_seconds)

    def _work(self, courier: Courier) -> None:
        try:
            while not self._goes_home(courier):
                courier.run()
        except Exception:
            logger.exception("the courier broke down; the next ring starts another one")
            with self._lock:
                self._courier = None
        finally:
            connection.close()

    def _goes_home(self, courier: Courier) -> bool:
        """Whether nobody rang since it last looked; decided under the lock of `ring`."""
        with self._lock:
            if courier.is_wanted:
                return False
            self._courier = None
            return True


@cache
def background(_process: int) -> Background:
    return Background()


def ring(*, in_place: bool) -> None:
    """Have what is due delivered: before this returns, or in the background."""
    if in_place:
        Courier(hands=settings.WEBHOOK_CONCURRENCY).run_until_idle()
    elif _seconds_until_due() <= STAY_SECONDS:
        background(os.getpid()).ring()


def _seconds_until_due() -> float:
    due_at = lanes.next_due_at()
    return float("inf") if due_at is None else (due_at - clock.now()).total_seconds()


def stop() -> None:
    """End this process's courier in good order."""
    background(os.getpid()).stop(patience_seconds=settings.WEBHOOK_TIMEOUT + 1)
