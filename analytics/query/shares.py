"""The share of each row in all responses the query is about, and how sure it is."""

from collections.abc import Sequence

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
            record.extras[INTERVAL] = precision.share_ends(share, whole.count, whole.squares)
        if sure:
            record.extras[INTERVALS] = {name: record.intervals.get(name) for name in sure}
