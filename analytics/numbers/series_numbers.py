"""Responses over time in Redis: by UTC day, by quarter-hour while these are kept, by minute.

A UTC day that lies whole in one bucket takes none of its quarter-hours. One that is cut and whose
quarter-hours are gone is taken whole, for the day of the same date in the zone; whoever reads it
is told.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import pairwise
from typing import Any

from analytics import keys
from analytics.keys import FormKeys
from analytics.times import granularity, pieces, retention, series
from analytics.times.granularity import Granularity
from analytics.times.pieces import Bucket, Piece
from analytics.times.tally import Tally, running
from formplatform.core.connections import Numbers
from formplatform.core.errors import FieldError, InvalidInputError

from .counters import counts_of, integer
from .quarter_hours import A_DAY, QuarterHours
from .server_functions import ServerFunctions
from .waiting import take_waiting

MINUTES_A_DAY = granularity.DAY // granularity.MINUTE
Gone = Mapping[str, int]
"""UTC days that are cut and whose quarter-hours are gone, with their responses."""


@dataclass(frozen=True, slots=True)
class Series:
    """Responses per bucket. `coarse_before` is None where all of it is exact.

    Otherwise quarter-hours are missing of UTC days before that one, which were taken whole.
    """

    size: Granularity
    zone: tzinfo
    buckets: Mapping[Bucket, int]
    coarse_before: str | None = None

    def counts(self) -> Iterator[tuple[datetime, int]]:
        """The start of each bucket, by the clock of the zone, and its responses."""
        for bucket, count in self.buckets.items():
            yield pieces.start_of(bucket, self.zone), count

    def listed(self) -> list[dict[str, Any]]:
        """`{timestamp, count}` of each bucket.

        Raises InvalidInputError where whole days were taken for buckets shorter than a day.
        """
        if self.coarse_before and self.size in granularity.SHORT:
            message = f"Of days before {self.coarse_before} only whole days are kept: begin later."
            raise InvalidInputError(message, errors=[FieldError("from", "out_of_range", message)])
        return [{"timestamp": start.isoformat(), "count": count} for start, count in self.counts()]


class SeriesNumbers:
    """The time series of every form, kept by one Redis client."""

    def __init__(self, client: Numbers, functions: ServerFunctions) -> None:
        self._redis = client
        self._functions = functions
        self._quarter_hours = QuarterHours(client)

    def days(self, form_id: str) -> dict[str, int]:
        """UTC day → responses, for every day that has any."""
        return self.total_and_days(form_id)[1]

    def total_and_days(self, form_id: str) -> tuple[int | None, dict[str, int]]:
        """At one look; the total is None where nothing ever was counted or they are lost."""
        take_waiting(self._redis, self._functions, form_id)
        prefix = FormKeys(form_id).prefix
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.hget(prefix + keys.stats(), keys.TOTAL)
        pipeline.hgetall(prefix + keys.days())
        total, stored = pipeline.execute()
        days = {day: count for day, count in counts_of(stored).items() if count}
        return None if total is None else integer(total), days

    def read(
        self,
        form_id: str,
        size: Granularity,
        zone: tzinfo,
        *,
        start: datetime,
        end: datetime,
        days: Mapping[str, int] | None = None,
    ) -> Series:
        """A series over a half-open span of whole quarter-hours (or minutes) in UTC.

        `days` are those of the form, where they were read just now.
        """
        first, last = series.seconds_at(start), series.seconds_at(end)
        parts = [*pieces.pieces_of(size, zone, start=first, end=last)]
        edges = edges_of(parts, size, last)
        gone: Gone = {}
        if size is Granularity.MINUTE:
            tally = self._minutes(form_id, first // granularity.DAY, (last - 1) // granularity.DAY)
        else:
            tally, gone = self._quarters(
                form_id, self.days(form_id) if days is None else days, edges
            )
        buckets: dict[Bucket, int] = {}
        for (_, bucket), (low, high) in zip(parts, pairwise(map(tally.before, edges)), strict=True):
            buckets[bucket] = buckets.get(bucket, 0) + high - low
        for day, count in gone.items():
            noon = series.noon_of(day, zone)
            if start <= noon < end:
                place = bisect_right(edges, series.seconds_at(noon) // granularity.QUARTER)
                _, bucket = parts[place - 1]
                buckets[bucket] += count
        return Series(size, zone, buckets, retention.day_after(gone))

    def count(
        self, form_id: str, zone: tzinfo, *, since: datetime | None, until: datetime | None
    ) -> tuple[int, str | None]:
        """Responses in a half-open span, widened to whole quarter-hours; and `coarse_before`."""
        start, end = series.bounds_of(since, until)
        if start >= end:
            return 0, None
        edges = [series.seconds_at(moment) // granularity.QUARTER for moment in (start, end)]
        tally, gone = self._quarters(form_id, self.days(form_id), edges)
        first, last = map(tally.before, edges)
        inside = [n for day, n in gone.items() if start <= series.noon_of(day, zone) < end]
        return last - first + sum(inside), retention.day_after(gone)

    def _quarters(
        self, form_id: str, days: Mapping[str, int], edges: Sequence[int]
    ) -> tuple[Tally, Gone]:
        """What can be asked at these edges, and what is in none of it."""
        numbered = {number_of(day): (day, count) for day, count in days.items()}
        cut = cut_by(edges) & numbered.keys()
        read = self._quarter_hours.read(form_id, (numbered[number][0] for number in cut))
        parted = {number_of(day): found for day, found in read.items()}
        gone = dict(numbered[number] for number in cut - parted.keys())
        whole = {number: n for number, (_, n) in numbered.items() if number not in cut}
        return Tally(whole, parted, steps_a_day=A_DAY), gone

    def _minutes(self, form_id: str, first: int, last: int) -> Tally:
        """Of all days from one to another, numbered since 1970."""
        take_waiting(self._redis, self._functions, form_id)
        prefix = FormKeys(form_id).prefix
        pipeline = self._redis.pipeline(transaction=False)
        days = range(first, last + 1)
        for day in days:
            name = granularity.day_at(day * granularity.DAY).isoformat()
            pipeline.hgetall(prefix + keys.minutes(name))
        parted = {}
        for day, stored in zip(days, pipeline.execute(), strict=True):
            counts = {int(name) % MINUTES_A_DAY: n for name, n in counts_of(stored).items()}
            parted[day] = running(counts, MINUTES_A_DAY)
        return Tally({}, parted, steps_a_day=MINUTES_A_DAY)


def edges_of(parts: Iterable[Piece], size: Granularity, end: int) -> list[int]:
    """The numbers of the steps at which a bucket begins or ends, or a piece of it."""
    return [*(number for number, _ in parts), end // pieces.step_of(size)]


def cut_by(edges: Iterable[int]) -> set[int]:
    """UTC days, numbered since 1970, that are not whole between two edges."""
    return {edge // A_DAY for edge in edges if edge % A_DAY}


def number_of(day: str) -> int:
    """The days since 1970."""
    return date.fromisoformat(day).toordinal() - granularity.EPOCH
