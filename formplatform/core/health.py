"""Readiness: what each role depends on, asked now."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection

from .connections import ping_broker, ping_numbers
from .heartbeats import FADE_SECONDS, Role, last_beat

Check = Callable[[], object]
BACKGROUND = frozenset({Role.WORKER, Role.BEAT})


@dataclass(frozen=True, slots=True)
class Dependency:
    """A call that raises where the dependency is down, and the roles that cannot do without."""

    check: Check
    needed_by: frozenset[Role]


_dependencies: dict[str, Dependency] = {}


@dataclass(frozen=True, slots=True)
class Finding:
    """How one dependency answered; latency in milliseconds."""

    name: str
    up: bool
    needed: bool
    latency_ms: float
    error: str = ""

    def to_json(self) -> dict[str, object]:
        found: dict[str, object] = {
            "state": "up" if self.up else "down",
            "needed": self.needed,
            "latency_ms": round(self.latency_ms, 1),
        }
        return found | ({"error": self.error} if self.error else {})


def register_check(name: str, check: Check, *, needed_by: frozenset[Role]) -> None:
    """Let an upper layer add a store the core does not know."""
    _dependencies[name] = Dependency(check, needed_by)


def check_readiness(role: Role) -> list[Finding]:
    """Every dependency of the role, in the order of their names."""
    asked = dict(_dependencies)
    if role in BACKGROUND:
        asked[f"{role} heartbeat"] = Dependency(lambda: _needs_beat(role), BACKGROUND)
    return [
        _ask(name, dependency.check, needed=role in dependency.needed_by)
        for name, dependency in sorted(asked.items())
    ]


def _ask(name: str, check: Check, *, needed: bool) -> Finding:
    started = time.perf_counter()
    error = ""
    try:
        check()
    except Exception as caught:  # noqa: BLE001 - whatever it raises, the store is down
        error = type(caught).__name__
    milliseconds = (time.perf_counter() - started) * 1000
    return Finding(name, up=not error, needed=needed, latency_ms=milliseconds, error=error)


def _needs_beat(role: Role) -> None:
    beat = last_beat(role)
    if beat is None or time.time() - beat > FADE_SECONDS:
        raise LookupError(f"no sign of a {role}")


def _ask_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


register_check("sql", _ask_sql, needed_by=frozenset(Role))
# Without Redis the web still takes responses in: to call it unready would turn them away.
register_check("redis", ping_numbers, needed_by=BACKGROUND)
register_check("broker", ping_broker, needed_by=BACKGROUND)
