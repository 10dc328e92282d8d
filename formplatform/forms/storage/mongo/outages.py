"""Telling an outage of MongoDB from a mistake of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from mongoengine.connection import ConnectionFailure as NotConnectedError
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)

from formplatform.core.errors import UnavailableError

HOST_UNREACHABLE, HOST_NOT_FOUND, TIME_LIMIT, WRITE_CONCERN_FAILED = 6, 7, 50, 64
NETWORK_TIMEOUT, SHUTDOWN, WRITE_CONFLICT, STEPPED_DOWN = 89, 91, 112, 189
EXCEEDED_TIME_LIMIT, SOCKET, NOT_WRITABLE_PRIMARY = 262, 9001, 10107
INTERRUPTED_AT_SHUTDOWN, INTERRUPTED, NOT_PRIMARY_NO_SECONDARY, RECOVERING = (
    11600, 11602, 13435, 13436,
)  # fmt: skip
OUT_OF_DISK = 14031
OUTAGES = {
    HOST_UNREACHABLE, HOST_NOT_FOUND, TIME_LIMIT, WRITE_CONCERN_FAILED, NETWORK_TIMEOUT, SHUTDOWN,
    WRITE_CONFLICT, STEPPED_DOWN, EXCEEDED_TIME_LIMIT, SOCKET, NOT_WRITABLE_PRIMARY,
    INTERRUPTED_AT_SHUTDOWN, INTERRUPTED, NOT_PRIMARY_NO_SECONDARY, RECOVERING, OUT_OF_DISK,
}  # fmt: skip


@contextmanager
def answering() -> Iterator[None]:
    """Raise UnavailableError where MongoDB is down, without a primary, or full."""
    try:
        yield
    except (PyMongoError, NotConnectedError) as error:
        if not is_outage(error):
            raise
        raise UnavailableError("The document store does not answer; try again.") from error


def is_outage(error: Exception) -> bool:
    if isinstance(error, BulkWriteError):
        return bool(error.details and error.details.get("writeConcernErrors"))
    if isinstance(error, OperationFailure) and not isinstance(error, WriteConcernError):
        return error.code in OUTAGES
    return isinstance(error, ConnectionFailure | WriteConcernError | NotConnectedError)
