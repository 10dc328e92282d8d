"""Remembering for a moment what hardly changes: a small time-limited memory per process."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """At most `size` values, each for at most `seconds`. Safe between threads."""

    def __init__(self, *, seconds: float, size: int) -> None:
        self.seconds = seconds
        self.size = size
        self._held: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key, find: Callable[[], Value]) -> Value:
        """What is remembered; otherwise what `find` gives, remembered from now on."""
        held = self._held.get(key)
        if held is not None and held[0] > time.monotonic():
            return held[1]
        value = find()
        with self._lock:
            self._held.pop(key, None)
            self._held[key] = (time.monotonic() + self.seconds, value)
            while len(self._held) > self.size:
                self._held.popitem(last=False)
        return value

    def forget(self, key: Key) -> None:
        with self._lock:
            self._held.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._held.clear()
