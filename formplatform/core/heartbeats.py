"""Signs of life of workers and beat: a key in Redis that each renews and that fades by itself."""

import contextlib
import threading
import time
from enum import StrEnum

from .connections import REDIS_ERRORS, numbers

BEAT_SECONDS = 2.0
FADE_SECONDS = 15


class Role(StrEnum):
    WEB = "web"
    WORKER = "worker"
    BEAT = "beat"


def keep_beating(role: Role) -> threading.Event:
    """Renew the role's sign from a daemon thread of this process, until the event is set."""
    end = threading.Event()
    name = f"heartbeat-{role}"
    threading.Thread(target=_beat, args=(role, end), name=name, daemon=True).start()
    return end


def last_beat(role: Role) -> float | None:
    """When a process of that role last showed life (seconds since 1970). Raises REDIS_ERRORS."""
    found = numbers().get(_key(role))
    return None if found is None else float(found)


def _beat(role: Role, end: threading.Event) -> None:
    while not end.is_set():
        with contextlib.suppress(*REDIS_ERRORS):  # the sign fades by itself, and readiness says so
            numbers().set(_key(role), time.time(), ex=FADE_SECONDS)
        end.wait(BEAT_SECONDS)


def _key(role: Role) -> str:
    return f"heartbeat:{role}"
