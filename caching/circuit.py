"""A circuit breaker: a store that failed is left alone for a moment."""

import threading
import time
from collections.abc import Callable


class Circuit:
    """Open after a failure: nobody asks for `open_seconds`, then one caller tries.

    Its success closes the circuit; its failure opens it again. So a dead or hung store costs one
    caller a time-out per `open_seconds`, and everybody else nothing.
    """

    def __init__(
        self, *, open_seconds: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._open_seconds = open_seconds
        self._clock = clock
        self._is_open = False
        self._open_until = 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        return self._is_open

    def allows(self) -> bool:
        """Whether this caller may ask. One that may must report how it went."""
        if not self._is_open:
            return True
        with self._lock:
            now = self._clock()
            if now < self._open_until:
                return False
            self._open_until = now + self._open_seconds  # one tries, the others still wait
            return True

    def report_success(self) -> None:
        self._is_open = False

    def report_failure(self) -> None:
        with self._lock:
            self._is_open = True
            self._open_until = self._clock() + self._open_seconds
