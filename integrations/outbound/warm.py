"""Connections that wait for their next call: per process, few, young, and silent meanwhile."""

import atexit
import os
import threading
import time
from collections.abc import Hashable

from .connections import Connection

MOST_IDLE = 256
IDLE_SECONDS = 30.0
AGE_SECONDS = 300.0
"""A host that moved, or whose certificate ended, is noticed after so long."""
SWEEP_SECONDS = 5.0


class WarmConnections:
    """Idle connections by what they lead to; the one used last is used next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[Hashable, list[Connection]] = {}
        self._count = 0
        self._swept_at = 0.0

    def take(self, key: Hashable) -> Connection | None:
        """One that is still open and has nothing to say, or None."""
        while True:
            with self._lock:
                connections = self._idle.get(key)
                if not connections:
                    return None
                connection = connections.pop()
                self._count -= 1
                if not connections:
                    del self._idle[key]
            if _is_young(connection, time.monotonic()) and connection.is_silent():
                return connection
            connection.close()

    def put(self, key: Hashable, connection: Connection, *, most: int) -> None:
        """Keep one for the next call, `most` for the same key; the oldest makes room."""
        now = connection.idle_since = time.monotonic()
        with self._lock:
            connections = self._idle.setdefault(key, [])
            connections.append(connection)
            self._count += 1
            superfluous = [connections.pop(0)] if len(connections) > most else []
            self._count -= len(superfluous)
            if now - self._swept_at > SWEEP_SECONDS or self._count > MOST_IDLE:
                superfluous += self._sweep(now)
        for each in superfluous:
            each.close()

    def close_all(self) -> None:
        with self._lock:
            idle, self._idle, self._count = self._idle, {}, 0
        for connections in idle.values():
            for connection in connections:
                connection.close()

    def close_inherited(self) -> None:
        """The same in a forked child, where another thread of the parent may hold the lock."""
        self._lock = threading.Lock()
        self.close_all()

    def _sweep(self, now: float) -> list[Connection]:
        """Take out what is too old, and of too many those that have been idle longest."""
        self._swept_at = now
        ranked = sorted(
            ((each, key) for key, group in self._idle.items() for each in group),
            key=lambda pair: pair[0].idle_since,
        )
        excess = len(ranked) - MOST_IDLE * 3 // 4 if len(ranked) > MOST_IDLE else 0
        gone = [
            (each, key)
            for place, (each, key) in enumerate(ranked)
            if place < excess or not _is_young(each, now)
        ]
        for each, key in gone:
            self._idle[key].remove(each)
            if not self._idle[key]:
                del self._idle[key]
        self._count -= len(gone)
        return [each for each, _ in gone]


def _is_young(connection: Connection, now: float) -> bool:
    return now - connection.idle_since < IDLE_SECONDS and now - connection.born_at < AGE_SECONDS


_warm = WarmConnections()


def warm_connections() -> WarmConnections:
    return _warm


def _renew() -> None:
    """A forked child shares its parent's sockets: it closes its copies and begins anew."""
    global _warm
    inherited, _warm = _warm, WarmConnections()
    inherited.close_inherited()


def _end() -> None:
    _warm.close_all()


os.register_at_fork(after_in_child=_renew)
atexit.register(_end)
