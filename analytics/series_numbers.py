"""Responses over time in Redis: by UTC day, by quarter-hour while these are kept, by minute.

A UTC day whose quarter-hours are gone is taken whole, for the day of the same date in the zone;
whoever reads it is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from formplatform.core.connections import Numbers
from formplatform.core.errors import FieldError, InvalidInputError

from . import keys, retention, series
from .keys import FormKeys
from .series import Bucket, Granularity
from .server_functions import ServerFunctions
from .waiting import take_waiting

Parts = dict[str, dict[int, int]]
"""UTC day → number of the quarter-hour (or minute) of the day → responses."""


@dataclass(frozen=True, slots=True)
class Series:
    """Responses per bucket. `coarse_before` is None where all of it is exact.

    Otherwise quarter-hours are missing of UTC days before that one, which were taken whole.
    """

    size: Granularity
    zone: tzinfo
    buckets: dict[Bucket, int]
    coarse_before: str | None = None

    def listed(self) -> list[dict[str, Any]]:
        """`{timestamp, count}` of each bucket.

        Raises InvalidInputError where whole days were taken for buckets shorter than a day.
        """
        if self.coarse_before and self.size in series.SHORT:
            message = f"Of days before {self.coarse_before} only whole days are kept: begin later."
            raise InvalidInputError(message, errors=[FieldError("from", "out_of_range", message)])
        return [
            {"timestamp": series.label(bucket, self.zone), "count": count}
            for bucket, count in self.buckets.items()
        ]


class SeriesNumbers:
    """The time series of every form, kept by one Redis client."""

    def __init__(self, client: Numbers, functions: ServerFunctions) -> None:
        self._redis = client
        self._functions = functions

    def read(
        self, form_id: str, size: Granularity, zone: tzinfo, *, start: datetime, end: datetime
    ) -> Series:
        """A series over a half-open span of whole quarter-hours (or minutes) in UTC."""
        gone: set[str] = set()
        if size is Granularity.MINUTE:
            parts = self._minutes(form_id, series.days_of(start, end))
        else:
            # In UTC a day that lies whole inside the span needs no quarter-hours.
            whole_days = str(zone) == "UTC" and size not in series.SHORT
            parts, gone = self._parts(form_id, zone, start, end, whole_days=whole_days)
        buckets = series.add_up(parts, size, zone, start=start, end=end)
        return Series(size, zone, buckets, retention.day_after(gone))

    def count(
        self, form_id: str, zone: tzinfo, *, since: datetime | None, until: datetime | None
    ) -> tuple[int, str | None]:
        """Responses in a half-open span, widened to whole quarter-hours; and `coarse_before`."""
        start, end = series.bounds_of(since, until)
        parts, gone = self._parts(form_id, zone, start, end, whole_days=True)
        inside = (
            count
            for day, numbers in parts.items()
            for number, count in numbers.items()
            if start <= series.midnight_of(day) + number * series.QUARTER < end
        )
        return sum(inside), retention.day_after(gone)

    def _parts(
        self, form_id: str, zone: tzinfo, start: datetime, end: datetime, *, whole_days: bool
    ) -> tuple[Parts, set[str]]:
        """What a span is added up from, and the days whose quarter-hours are missed there."""
        take_waiting(self._redis, self._functions, form_id)
        prefix = FormKeys(form_id).prefix
        counted = _counts(self._redis.hgetall(prefix + keys.days()))
        span = series.days_within(start, end)
        days = [day for day in sorted(counted) if counted[day] and day in span]
        whole = {day for day in days if whole_days and day not in span.cut}
        parted = [day for day in days if day not in whole]
        read = retention.read_quarters(
            self._redis, prefix, keys.days(), {day: keys.quarter_hours(day) for day in parted}
        )
        found: Parts = {day: {0: counted[day]} for day in whole} | read
        gone = {*parted} - read.keys()
        for day in gone:
            found[day] = {series.number_of(series.noon_of(day, zone), day): counted[day]}
        return found, gone

    def _minutes(self, form_id: str, days: Sequence[str]) -> Parts:
        take_waiting(self._redis, self._functions, form_id)
        prefix = FormKeys(form_id).prefix
        pipeline = self._redis.pipeline(transaction=False)
        for day in days:
            pipeline.hgetall(prefix + keys.minutes(day))
        size = series.DAY // series.MINUTE
        return {
            day: {int(minute) % size: count for minute, count in _counts(stored).items()}
            for day, stored in zip(days, pipeline.execute(), strict=True)
        }


def _counts(stored: Mapping[Any, Any]) -> dict[str, int]:
    return {_text(name): int(count) for name, count in stored.items()}


def _text(value: Any) -> str:
    """Clients answer with bytes or, with `decode_responses`, with text."""
    return value.decode() if isinstance(value, bytes) else str(value)
