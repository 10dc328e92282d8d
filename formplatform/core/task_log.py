"""Tasks under the id of the request that caused them, counted by name and outcome."""

import time
from contextvars import Token
from dataclasses import dataclass, field
from typing import Any

from celery.signals import before_task_publish, setup_logging, task_postrun, task_prerun

from . import logs, metrics

HEADER = "x_request_id"


@dataclass(frozen=True, slots=True)
class Run:
    """A task under way, and what the context was before it."""

    task: Token[str]
    request: Token[str]
    started_at: float = field(default_factory=time.perf_counter)


_runs: dict[str, Run] = {}


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery sets up logs only where nobody listens to this: Django's settings hold."""


@before_task_publish.connect
def send_request_id(headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is not None and logs.request_id.get():
        headers[HEADER] = logs.request_id.get()


@task_prerun.connect
def enter_task(*, task_id: str, task: Any, **_: Any) -> None:
    request = (task.request.headers or {}).get(HEADER) or logs.request_id.get()
    _runs[task_id] = Run(logs.task_id.set(task_id), logs.request_id.set(request))


@task_postrun.connect
def leave_task(*, task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
    run = _runs.pop(task_id, None)
    if run is None:
        return
    seconds = time.perf_counter() - run.started_at
    metrics.count_task(task.name, state=(state or "unknown").lower(), seconds=seconds)
    logs.task_id.reset(run.task)
    logs.request_id.reset(run.request)
