"""Worker processes that get batches of events, and what kills them."""

import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
from collections import Counter

WORKER = [sys.executable, "-m", "tests.fakes.counting_worker"]
SIZES = (1, 10, 100, 200)
FULL = 40
"""Batches that may wait before whoever makes them has to."""


class Workers:
    """Deliver every batch until some process has answered for it."""

    def __init__(self, count: int, rng: random.Random) -> None:
        self.counts: Counter[str] = Counter()
        self._rng = rng
        self._batches: queue.Queue[list | None] = queue.Queue(FULL)
        self._busy: set[int] = set()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def deliver(self, batch: list) -> None:
        """Blocks while too many wait."""
        self._batches.put([event.payload() for event in batch])

    def kill_one(self) -> bool:
        """kill -9 a process in the middle of a batch; False where none is in one."""
        for pid in self._rng.sample(sorted(self._busy), len(self._busy)):
            os.kill(pid, signal.SIGKILL)
            self.counts["kills"] += 1
            return True
        return False

    def finish(self) -> None:
        for _ in self._threads:
            self._batches.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        worker = self._start()
        while (batch := self._batches.get()) is not None:
            while not self._ask(worker, batch):
                self.counts["batches delivered again"] += 1
                worker = self._start()
            self.counts["batches"] += 1
        worker.stdin.close()
        worker.wait(60)

    def _ask(self, worker, batch: list) -> bool:
        self._busy.add(worker.pid)
        try:
            worker.stdin.write(json.dumps(batch) + "\n")
            worker.stdin.flush()
            return worker.stdout.readline() == "done\n"
        except BrokenPipeError:
            return False
        finally:
            self._busy.discard(worker.pid)
            if worker.poll() is not None:
                self._check_end(worker)

    def _check_end(self, worker) -> None:
        if worker.wait() != -signal.SIGKILL:
            self.counts["ended by themselves"] += 1

    @staticmethod
    def _start():
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        return subprocess.Popen(WORKER, **pipes, text=True)
