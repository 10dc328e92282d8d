"""The share of each row in all responses the query is about, and how sure it is."""

from collections.abc import Sequence

from analytics.statistics.shares import effective_size, share_interval

from .ast import Query
from .precision import INTERVAL, sure_measures
from .records import Record

SHARE, INTERVALS = "share", "intervals"
"""`ci` is that of the share, `intervals` are those of the figures that have one."""


def add_shares(query: Query, records: Sequence[Record], *, whole: Record) -> None:
    """What is asked for of both: None where nothing matches."""
    sure = [each.name for each in sure_measures(query)]
    for record in records:
        is_known = whole.count and not (record.suppressed or whole.suppressed)
        share = record.count / whole.count if is_known else None
        if SHARE in query.include:
            record.extras[SHARE] = share
        if INTERVAL in query.include:
            record.extras[INTERVAL] = None if share is None else _interval(share, whole)
        if sure:
            record.extras[INTERVALS] = {name: record.intervals.get(name) for name in sure}


def _interval(share: float, whole: Record) -> list[float]:
    """95 %, by Wilson; weighted responses count as many as their weights are worth (Kish)."""
    base = whole.count
    if whole.squares is not None:
        base = effective_size(whole.count, whole.squares)
    return list(share_interval(share * base, base))
