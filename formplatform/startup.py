"""What every serving process does first: ask its stores for known answers, show signs of life."""

import logging
import os
from typing import Any

from celery.signals import beat_init, worker_init, worker_process_init, worker_ready

from formplatform.core import task_log  # noqa: F401 - registers
from formplatform.core.embedded import ensure_stores
from formplatform.core.errors import UnavailableError
from formplatform.core.health import register_check
from formplatform.core.heartbeats import Role, keep_beating
from formplatform.core.launch import die_with_parent
from formplatform.core.metrics import serve_worker_metrics

logger = logging.getLogger(__name__)


def check_stores() -> None:
    """Refuse stores that lie. One that is down is waited for: it may come back."""
    ensure_stores()
    from formplatform.forms.storage import probe, registry

    register_check(
        "form store",
        lambda: registry.get_store().ping(),
        needed_by=frozenset({Role.WEB, Role.WORKER}),
    )
    try:
        probe.check_stores()
    except UnavailableError as error:
        logger.warning("a store is down at the start", extra={"error": error})


@worker_init.connect
def use_embedded_stores(**_: Any) -> None:
    """Before the broker is asked: a worker may have been started by hand."""
    ensure_stores()


@worker_ready.connect
def start_worker(**_: Any) -> None:
    check_stores()
    keep_beating(Role.WORKER)
    serve_worker_metrics()


@worker_process_init.connect
def start_pool_process(**_: Any) -> None:
    """A killed worker takes its pool along: a process that waits for work would wait for ever."""
    die_with_parent(os.getppid())


@beat_init.connect
def start_beat(**_: Any) -> None:
    check_stores()
    keep_beating(Role.BEAT)
