"""The share of each row in all responses the query is about, and how sure it is."""

from collections.abc import Sequence

from analytics.statistics.shares import effective_size, share_interval

from . import precision
from .ast import Query
from .records import Record

SHARE, INTERVAL, INTERVALS = "share", precision.INTERVAL, "intervals"
"""`ci` is that of the share, `intervals` are those of the figures that have one."""


def add_shares(query: Query, records: Sequence[Record], *, whole: Record) -> None:
    """What is asked for of both: None where nothing matches."""
    sure = [each.name for each in precision.sure_measures(query)]
    for record in records:
        is_known = whole.count and not (record.suppressed or whole.suppressed)
        share = record.count / whole.count if is_known else None
        if SHARE in query.include:
            record.extras[SHARE] = share
        if INTERVAL in query.include:
            base, squares = whole.count, whole.squares
            ends = interval_within(record.count, base, squares) if is_known else None
            record.extras[INTERVAL] = ends
        if sure:
            record.extras[INTERVALS] = {name: record.intervals.get(name) for name in sure}


def interval_within(count: float, base: float, squares: float | None) -> list[float] | None:
    """That of a share, 95 % by Wilson, None of nothing; `squares` are those of the weights of the
    base: weighted responses count as many as their weights are worth (Kish).
    """
    if not base:
        return None
    size = effective_size(base, squares) if squares else base
    return list(share_interval(min(1.0, count / base) * size, size))
