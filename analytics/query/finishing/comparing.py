"""Setting the rows of a span beside those of another one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from analytics.query.ast import Dimension, Query, Span

from .filling import CYCLES, labels_between
from .records import Record

PREVIOUS = "previous"


def series_of(query: Query) -> Dimension | None:
    """The dimension along the time the query's span is about, if there is one."""
    for dimension in query.dimensions:
        is_series = dimension.granularity is not None and dimension.granularity not in CYCLES
        if is_series and dimension.column == query.time:
            return dimension
    return None


def set_beside(
    query: Query, records: Sequence[Record], previous: Sequence[Record], *, now: datetime
) -> None:
    """Give every record the figures of its counterpart as `previous`, None where there is none.

    Buckets of time meet by their number from the start of their span, other groups by value.
    """
    series = series_of(query)
    here = _places(series, query.span, now)
    there = _places(series, query.previous, now)
    before = {_key(record, series, there): record.figures for record in previous}
    before.pop(None, None)
    for record in records:
        record.extras[PREVIOUS] = before.get(_key(record, series, here))


def _places(series: Dimension | None, span: Span | None, now: datetime) -> dict[str, int]:
    if series is None or span is None or span.start is None:
        return {}
    labels = labels_between(series, span.start, span.end or now)
    return {label: number for number, label in enumerate(labels)}


def _key(
    record: Record, series: Dimension | None, places: dict[str, int]
) -> tuple[Any, ...] | None:
    """None for a bucket outside the span: with an open end, what lies after now."""
    keys = dict(record.keys)
    if series is not None:
        if keys[series.name] not in places:
            return None
        keys[series.name] = places[keys[series.name]]
    return tuple(keys.values())
