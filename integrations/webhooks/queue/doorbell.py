"""The doorbell: tells a worker that something is due.

It carries nothing and may be lost: the table is the truth, and beat looks at it every few seconds.
"""

import logging
from collections.abc import Callable

from django.db import transaction

from formplatform.core.publishing import BROKER_ERRORS

logger = logging.getLogger(__name__)

_ring: Callable[[], object] = lambda: None  # noqa: E731 - a bell nobody has connected


def connect(ring: Callable[[], object]) -> None:
    """Say what rings. The task does so itself, since it reaches everything that may ring."""
    global _ring  # noqa: PLW0603 - one bell per process
    _ring = ring


def ring_on_commit() -> None:
    """Ring once the rows are there for everybody to see."""
    transaction.on_commit(ring)


def ring() -> None:
    try:
        _ring()
    except BROKER_ERRORS:
        logger.warning("the broker is down: webhooks wait for the sweeper")
