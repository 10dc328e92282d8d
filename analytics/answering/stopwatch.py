"""How long engines have worked on one query, and when that is too long.

The document database is stopped by itself. Polars can't be stopped from outside, so a step of the
columns runs to its end; what it found late is refused all the same, and no further step begins.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from formplatform.forms.storage.base import QueryTimeoutError


class Stopwatch:
    """Adds up the steps of one query: groups, totals, an earlier span, what has to be looked up."""

    def __init__(self) -> None:
        self.spent_ms = 0.0

    @contextmanager
    def step(self, max_time_ms: int) -> Iterator[int]:
        """Time a step; gives the milliseconds it may take. Raises QueryTimeoutError."""
        left = max_time_ms - self.spent_ms
        if left < 1:
            raise _too_long(max_time_ms)
        started = time.perf_counter()
        yield int(left)
        self.spent_ms += (time.perf_counter() - started) * 1000
        if self.spent_ms > max_time_ms:
            raise _too_long(max_time_ms)


def _too_long(max_time_ms: int) -> QueryTimeoutError:
    message = "The query takes too long: narrow its time span or group by less."
    return QueryTimeoutError(message, max_time_ms=max_time_ms)
