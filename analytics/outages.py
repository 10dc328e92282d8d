"""Telling an outage of Redis from a mistake of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import (
    ClusterError,
    ConnectionError as RedisConnectionError,
    MasterDownError,
    ReadOnlyError,
    TimeoutError as RedisTimeoutError,
)

from formplatform.core.errors import UnavailableError

OUTAGES = (RedisConnectionError, RedisTimeoutError, ClusterError, MasterDownError, ReadOnlyError)


@contextmanager
def answering() -> Iterator[None]:
    """Raise UnavailableError where Redis does not answer."""
    try:
        yield
    except OUTAGES as error:
        raise UnavailableError("The live numbers do not answer; try again.") from error
