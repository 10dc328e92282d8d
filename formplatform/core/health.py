"""Liveness and readiness.

`/healthz` depends on nothing: the process answers. `/readyz?role=web|worker|beat` names every
dependency with its state and latency, and is 503 unless all that the role needs are up.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse

from .connections import numbers
from .heartbeats import FADE_SECONDS, Role, last_beat

Check = Callable[[], object]

_checks: dict[str, Check] = {}
"""Name of a dependency → a call that raises where it is down."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How one dependency answered; latency in milliseconds."""

    name: str
    ready: bool
    latency_ms: float
    error: str = ""

    def to_json(self) -> dict[str, object]:
        found = {"ready": self.ready, "latency_ms": round(self.latency_ms, 1)}
        return found | ({"error": self.error} if self.error else {})


def register_check(name: str, check: Check) -> None:
    """Let an upper layer add a store the core does not know."""
    _checks[name] = check


def check_readiness(role: Role) -> list[Finding]:
    """Every dependency of the role, asked now."""
    checks = dict(_checks)
    if role is not Role.WEB:
        checks[f"{role} heartbeat"] = lambda: _needs_beat(role)
    return [_ask(name, check) for name, check in sorted(checks.items())]


def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django's signature
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    wanted = request.GET.get("role", Role.WEB)
    if wanted not in set(Role):
        return JsonResponse({"status": "error", "error": "role: web, worker or beat"}, status=400)
    findings = check_readiness(Role(wanted))
    ready = all(finding.ready for finding in findings)
    body = {
        "status": "ready" if ready else "not ready",
        "role": wanted,
        "checks": {finding.name: finding.to_json() for finding in findings},
    }
    return JsonResponse(body, status=200 if ready else 503)


def _ask(name: str, check: Check) -> Finding:
    started = time.perf_counter()
    try:
        check()
    except Exception as error:  # noqa: BLE001 - whatever it raises, the store is not ready
        return Finding(name, ready=False, latency_ms=_since(started), error=type(error).__name__)
    return Finding(name, ready=True, latency_ms=_since(started))


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def _needs_beat(role: Role) -> None:
    beat = last_beat(role)
    if beat is None or time.time() - beat > FADE_SECONDS:
        raise LookupError(f"no sign of a {role}")


def _ask_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


register_check("sql", _ask_sql)
register_check("redis", lambda: numbers().ping())
register_check("cache", lambda: cache.get("readiness"))
