"""The share of each row in all responses the query is about."""

from collections.abc import Sequence

from .ast import Query
from .records import Record

SHARE = "share"


def add_shares(query: Query, records: Sequence[Record], *, base: float) -> None:
    """Where it is asked for: responses of the row divided by all that match, None of none."""
    if SHARE not in query.include:
        return
    for record in records:
        record.extras[SHARE] = record.count / base if base else None
