"""Rate limits that cost little: processes lease permits from Redis by the handful.

A limit is ``N per window``. The window's counter in Redis is raised by a small lease at a time, and
the process hands the permits out itself; the sum over all processes never exceeds N. When Redis is
down each process counts for itself, up to N: a limit is then looser, but nobody is refused or kept
waiting for want of Redis.
"""

import math
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from .connections import REDIS_ERRORS, quick_numbers

LEASES_PER_WINDOW = 50
LARGEST_LEASE = 50
REMEMBERED = 10_000
AWAY_SECONDS = 2.0
"""How long a process leaves a dead Redis alone before it asks again."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `permits` per `seconds`, counted in fixed windows."""

    permits: int
    seconds: int

    @property
    def lease(self) -> int:
        """Large limits are leased in handfuls; a limit below 100 is counted one by one."""
        return min(LARGEST_LEASE, max(1, self.permits // (2 * LEASES_PER_WINDOW)))


@dataclass(slots=True)
class _Window:
    number: int
    held: int = 0
    spent: int = 0
    exhausted: bool = False


class RateLimiter:
    """Hands out permits. One object per process serves every limit."""

    def __init__(self) -> None:
        self._windows: OrderedDict[tuple[str, str], _Window] = OrderedDict()
        self._lock = threading.Lock()
        self._away_until = 0.0

    def take(self, scope: str, who: str, limit: Limit) -> int:
        """0 where there was a permit, else the seconds until the next window."""
        now = time.time()
        number = int(now // limit.seconds)
        with self._lock:
            window = self._window(scope, who, number)
            if window.held == 0 and not window.exhausted:
                self._lease(scope, who, window, limit)
            if window.held > 0:
                window.held -= 1
                window.spent += 1
                return 0
        return max(1, math.ceil((number + 1) * limit.seconds - now))

    def _window(self, scope: str, who: str, number: int) -> _Window:
        key = (scope, who)
        window = self._windows.get(key)
        if window is None or window.number != number:
            window = _Window(number)
            self._windows[key] = window
            while len(self._windows) > REMEMBERED:
                self._windows.popitem(last=False)
        self._windows.move_to_end(key)
        return window

    def _lease(self, scope: str, who: str, window: _Window, limit: Limit) -> None:
        granted = self._ask(f"limit:{{{scope}:{who}}}:{window.number}", limit)
        if granted is None:
            granted = max(0, min(limit.lease, limit.permits - window.spent))
        window.held = granted
        window.exhausted = granted == 0

    def _ask(self, key: str, limit: Limit) -> int | None:
        """How many permits Redis grants; None where it does not answer."""
        if time.monotonic() < self._away_until:
            return None
        try:
            pipeline = quick_numbers().pipeline(transaction=False)
            pipeline.incrby(key, limit.lease)
            pipeline.expire(key, 2 * limit.seconds)
            total = int(pipeline.execute()[0])
        except REDIS_ERRORS:
            self._away_until = time.monotonic() + AWAY_SECONDS
            return None
        return max(0, min(limit.lease, limit.permits - (total - limit.lease)))


limiter = RateLimiter()
