"""Telling an outage of Redis from a mistake of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from formplatform.core.connections import REDIS_OUTAGES
from formplatform.core.errors import UnavailableError


@contextmanager
def answering() -> Iterator[None]:
    """Raise UnavailableError where Redis does not answer."""
    try:
        yield
    except REDIS_OUTAGES as error:
        raise UnavailableError("The live numbers do not answer; try again.") from error
