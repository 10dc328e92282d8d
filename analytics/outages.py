"""Telling an outage of Redis from a mistake of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import ResponseError

from formplatform.core.connections import REDIS_OUTAGES
from formplatform.core.errors import UnavailableError

from . import aggregator
from .aggregator import FormAggregator
from .numbers.counters import checked


@contextmanager
def answering() -> Iterator[FormAggregator]:
    """The numbers to read from.

    Raises UnavailableError where Redis does not answer, at once where it just did not: a Redis
    that hangs would otherwise hold every thread of the web server in turn. Raises DamagedError
    where a key holds no numbers.
    """
    live = aggregator.reader()
    if not live.circuit.allows():
        raise UnavailableError("The live numbers do not answer; try again.")
    try:
        yield live
    except REDIS_OUTAGES as error:
        live.circuit.report_failure()
        raise UnavailableError("The live numbers do not answer; try again.") from error
    except ResponseError as error:
        checked(error)
    live.circuit.report_success()
