"""Telling an outage of the database from a mistake of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from formplatform.core.errors import UnavailableError

SQLITE_OUTAGES = {
    "BUSY", "LOCKED", "CANTOPEN", "IOERR", "FULL", "READONLY", "CORRUPT", "NOTADB", "PROTOCOL",
}  # fmt: skip


@contextmanager
def answering() -> Iterator[None]:
    """Raise UnavailableError where the database is down, full or locked for too long."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        if not _is_outage(error):
            raise
        if not connection.in_atomic_block:
            connection.close()  # the next call starts on a fresh connection
        raise UnavailableError("The database does not answer; try again.") from error


def _is_outage(error: Exception) -> bool:
    sqlite_name = getattr(error.__cause__, "sqlite_errorname", None)
    if sqlite_name is not None:
        return sqlite_name.split("_")[1] in SQLITE_OUTAGES
    return isinstance(error, OperationalError | InterfaceError)
