"""Worker processes that get batches of events, and what kills them."""

import contextlib
import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence

WORKER = [sys.executable, "-m", "tests.fakes.counting_worker"]
SIZES = (1, 10, 100, 200)
FULL = 40
"""Batches that may wait before whoever makes them has to."""
LONGEST_SECONDS = 120.0
"""Beyond that a batch is taken to hang."""


class BrokenWorkerError(Exception):
    """A worker ended by itself, or answers nothing any more: what it said stands above."""


class Workers:
    """Deliver every batch until some process has answered for it."""

    def __init__(
        self, count: int, rng: random.Random, command: Sequence[str] | None = None
    ) -> None:
        self._command = command or WORKER
        self.counts: Counter[str] = Counter()
        self._rng = rng
        self._batches: queue.Queue[list | None] = queue.Queue(FULL)
        self._busy: set[int] = set()
        self._broken = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def deliver(self, batch: list) -> None:
        """Waits while too many do. Raises BrokenWorkerError."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while not self._broken.is_set() and time.monotonic() < deadline:
            try:
                self._batches.put([event.payload() for event in batch], timeout=1)
            except queue.Full:
                continue
            return
        raise BrokenWorkerError

    def kill_one(self) -> bool:
        """kill -9 a process in the middle of a batch; False where none is in one."""
        busy = sorted(self._busy)  # once: the threads go on meanwhile
        if not busy:
            return False
        os.kill(self._rng.choice(busy), signal.SIGKILL)
        self.counts["kills"] += 1
        return True

    def finish(self) -> None:
        """Wait until every batch is answered for. Raises BrokenWorkerError."""
        for _ in self._threads:
            self._batches.put(None)
        for thread in self._threads:
            thread.join(LONGEST_SECONDS)
        if self._broken.is_set() or any(thread.is_alive() for thread in self._threads):
            raise BrokenWorkerError

    def _run(self) -> None:
        worker = self._start()
        while (batch := self._batches.get()) is not None:
            while not self._ask(worker, batch):
                if self._end(worker) != -signal.SIGKILL:
                    self._broken.set()
                    return
                self.counts["batches delivered again"] += 1
                worker = self._start()
            self.counts["batches"] += 1
        self._end(worker)

    def _ask(self, worker, batch: list) -> bool:
        """Whether the worker answered; one that did not is about to be gone."""
        self._busy.add(worker.pid)
        try:
            worker.stdin.write(json.dumps(batch) + "\n")
            worker.stdin.flush()
            return worker.stdout.readline() == "done\n"
        except BrokenPipeError:
            return False
        finally:
            self._busy.discard(worker.pid)

    def _start(self):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        return subprocess.Popen(self._command, **pipes, text=True)

    @staticmethod
    def _end(worker) -> int:
        """Let it end, which it does without more to read; how it ended."""
        with contextlib.suppress(BrokenPipeError):
            worker.stdin.close()
        worker.stdout.close()
        return worker.wait()
