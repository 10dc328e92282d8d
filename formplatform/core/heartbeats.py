"""Signs of life of workers and beat: a key in Redis that each renews and that fades by itself."""

import contextlib
import threading
import time
from enum import StrEnum

from redis.exceptions import RedisError

from .connections import numbers

BEAT_SECONDS = 2.0
FADE_SECONDS = 15


class Role(StrEnum):
    WEB = "web"
    WORKER = "worker"
    BEAT = "beat"


def keep_beating(role: Role) -> None:
    """Renew the role's sign from a daemon thread of this process."""
    threading.Thread(target=_beat, args=(role,), name=f"heartbeat-{role}", daemon=True).start()


def last_beat(role: Role) -> float | None:
    """When a process of that role last showed life (seconds since 1970). Raises RedisError."""
    found = numbers().get(_key(role))
    return None if found is None else float(found)


def _beat(role: Role) -> None:
    while True:
        with contextlib.suppress(RedisError):  # the sign fades by itself, and readiness says so
            numbers().set(_key(role), time.time(), ex=FADE_SECONDS)
        time.sleep(BEAT_SECONDS)


def _key(role: Role) -> str:
    return f"heartbeat:{role}"
