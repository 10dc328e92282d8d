"""The first tier: the least recently used entries of this process."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")
Default = TypeVar("Default")


@dataclass(slots=True)
class _Slot(Generic[Value]):
    value: Value
    expires_at: float
    size: int


class L1Cache(Generic[Value]):
    """A thread-safe map that forgets: the least recently used first, each entry after its TTL.

    Bounded by `max_size` entries and, where given, by `max_bytes` of what `set` says they weigh.
    Any value may be kept, None too. Times are seconds on a clock that never goes back.
    """

    def __init__(
        self,
        max_size: int,
        *,
        ttl: float = 300,
        max_bytes: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_size < 1:
            raise ValueError("A cache holds at least one entry.")
        self.max_size = max_size
        self.max_bytes = max_bytes
        self.ttl = ttl
        self._clock = clock
        self._slots: OrderedDict[Hashable, _Slot[Value]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, default: Default) -> Value | Default:
        """The value, now the most recently used; the default where there is none, or too old."""
        with self._lock:
            slot = self._slots.get(key)
            if slot is None:
                return default
            if slot.expires_at <= self._clock():
                self._remove(key)
                return default
            self._slots.move_to_end(key)
            return slot.value

    def set(self, key: Hashable, value: Value, *, ttl: float | None = None, size: int = 0) -> None:
        """Keep a value for `ttl` seconds, at most the cache's own TTL. `size` is its weight.

        A value heavier than the whole cache is not kept; neither is what it would replace.
        """
        lifetime = self.ttl if ttl is None else min(ttl, self.ttl)
        with self._lock:
            self._remove(key)
            too_heavy = self.max_bytes is not None and size > self.max_bytes
            if lifetime <= 0 or too_heavy:
                return
            self._slots[key] = _Slot(value, self._clock() + lifetime, size)
            self._bytes += size
            self._evict()

    def delete(self, key: Hashable) -> None:
        with self._lock:
            self._remove(key)

    def clear(self) -> None:
        with self._lock:
            self._slots.clear()
            self._bytes = 0

    def __len__(self) -> int:
        """How many entries are held, those included whose time is over but nobody asked for."""
        return len(self._slots)

    @property
    def bytes(self) -> int:
        return self._bytes

    def _remove(self, key: Hashable) -> None:
        slot = self._slots.pop(key, None)
        if slot is not None:
            self._bytes -= slot.size

    def _evict(self) -> None:
        while len(self._slots) > self.max_size or self._is_too_heavy():
            _, slot = self._slots.popitem(last=False)
            self._bytes -= slot.size

    def _is_too_heavy(self) -> bool:
        return self.max_bytes is not None and self._bytes > self.max_bytes
