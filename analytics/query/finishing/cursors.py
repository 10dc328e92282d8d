"""Keyset cursors: the place of a row in the order of its query.

A page begins behind the place of the last row of the page before, wherever that is by now, so rows
that come and go between two pages are neither skipped nor shown twice.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from analytics.query.ast import Query
from analytics.query.errors import QueryError

from .ordering import comparison, place_of
from .records import Record


def cursor_of(query: Query, record: Record) -> str:
    """The cursor behind a row."""
    text = json.dumps([query.digest, *place_of(query, record)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def check_cursor(query: Query, cursor: str) -> None:
    """Whether it can be a place in the order of this query. Raises QueryError."""
    for part in _read(query, cursor):
        if isinstance(part, dict):
            raise _invalid()


def place_behind(query: Query, cursor: str, records: Sequence[Record]) -> int:
    """How many of the ordered records stand up to and with the cursor. Raises QueryError."""
    place = _read(query, cursor)
    compare = comparison(query)
    try:
        return sum(compare(place_of(query, record), place) <= 0 for record in records)
    except (TypeError, ValueError):
        raise _invalid() from None


def _read(query: Query, cursor: str) -> list[Any]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        digest, *place = json.loads(text)
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise _invalid() from None
    if digest != query.digest or len(place) != len(query.order) + 1:
        raise _invalid()
    return list(place)


def _invalid() -> QueryError:
    message = "Send meta.next of the page before, unchanged, with the same query."
    return QueryError("after", "invalid_cursor", message)
