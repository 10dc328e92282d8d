"""How well the cache works: counters for Prometheus, and sums over every process in Redis."""

import threading
import time
from collections import Counter as Sums
from collections.abc import Callable
from enum import StrEnum
from functools import cache

from prometheus_client import Counter

from . import keys, redis_client

FLUSH_SECONDS = 2.0
KEPT_SECONDS = 7 * 24 * 3600


class Outcome(StrEnum):
    """How a call was answered."""

    L1_HIT = "l1_hit"
    L2_HIT = "l2_hit"
    MISS = "miss"
    WITHOUT_REDIS = "without_redis"
    """A miss that could not be stored either: Redis did not answer."""


_hits = Counter("cache_hits_total", "Answers from a tier of the cache.", ["tier", "function"])
_misses = Counter("cache_misses_total", "Answers that had to be computed.", ["function", "reason"])


@cache
def _counter(function: str, outcome: Outcome) -> Counter:
    if outcome in (Outcome.L1_HIT, Outcome.L2_HIT):
        return _hits.labels(outcome.value[:2], function)
    return _misses.labels(function, outcome.value)


class Statistics:
    """Counts in this process, and adds them to the shared sums every few seconds.

    The last seconds of an idle process are added when it is next used.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pending: Sums[str] = Sums()
        self._flushed_at = clock()
        self._lock = threading.Lock()

    def record(self, function: str, outcome: Outcome) -> None:
        _counter(function, outcome).inc()
        with self._lock:
            self._pending[f"{function}|{outcome.value}"] += 1
            due = self._clock() - self._flushed_at >= FLUSH_SECONDS
        if due and outcome is not Outcome.WITHOUT_REDIS:
            self.flush()

    def flush(self) -> None:
        """Add what was counted since the last time to the shared sums."""
        with self._lock:
            counted, self._pending = self._pending, Sums()
            self._flushed_at = self._clock()
        if not counted:
            return
        try:
            pipeline = redis_client.shared_client().pipeline(transaction=False)
            for name, count in counted.items():
                pipeline.hincrby(keys.STATS, name, count)
            pipeline.expire(keys.STATS, KEPT_SECONDS)
            pipeline.execute()
        except redis_client.CACHE_ERRORS:
            with self._lock:
                self._pending.update(counted)


def shared_sums() -> dict[str, dict[str, int]]:
    """Function → outcome → how often, over every process and the last days."""
    found: dict[str, dict[str, int]] = {}
    for name, count in redis_client.shared_client().hgetall(keys.STATS).items():
        function, _, outcome = _text(name).rpartition("|")
        found.setdefault(function, dict.fromkeys(map(str, Outcome), 0))[outcome] = int(count)
    return dict(sorted(found.items()))


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name
