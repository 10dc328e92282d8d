"""The quarter-hours of UTC days, remembered by the process for as long as they are what is counted.

The hash of a day (see `proof`) is another one after any change of its responses. So a day is read
from Redis once, and again only after something in it changed, or the numbers were compared with
the form store, for damage that they mend may be none the hash knows of.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analytics import keys
from analytics.keys import FormKeys
from analytics.times import retention
from analytics.times.tally import Running, running
from caching.l1_cache import L1Cache
from formplatform.core.connections import Numbers

from .kept_quarters import read_quarters

A_DAY = 96
KEPT_SECONDS = 3600
KEPT_BYTES = 16_000_000
"""Some fifteen thousand days."""
BYTES_A_DAY = 1100

Mark = tuple[Any, ...]
"""What a day is recognised by: its count and hash as Redis keeps them, the generation, and when it
was last compared with the form store.
"""
Remembered = Mapping[str, tuple[Mark, Running]]


class QuarterHours:
    """Those of every form, read by one Redis client."""

    def __init__(self, client: Numbers) -> None:
        self._redis = client
        self._kept: L1Cache[Remembered] = L1Cache(
            KEPT_BYTES // BYTES_A_DAY, ttl=KEPT_SECONDS, max_bytes=KEPT_BYTES
        )

    def read(self, form_id: str, days: Iterable[str]) -> dict[str, Running]:
        """UTC day → how many there were before each of its quarter-hours; those kept whole."""
        ordered = sorted(days)
        kept = ordered[bisect_left(ordered, 1, key=retention.is_kept) :]
        if not kept:
            return {}
        marks = self._marks(form_id, kept)
        known: Remembered = self._kept.get(form_id, {})
        found = {day: known[day][1] for day in kept if day in known and known[day][0] == marks[day]}
        missed = [day for day in kept if day not in found]
        if missed:
            found |= self._read_anew(form_id, missed, marks, known)
        return found

    def _read_anew(
        self, form_id: str, days: Sequence[str], marks: Mapping[str, Mark], known: Remembered
    ) -> dict[str, Running]:
        read = read_quarters(
            self._redis,
            FormKeys(form_id).prefix,
            keys.days(),
            {day: keys.quarter_hours(day) for day in days},
        )
        found = {day: running(numbers, A_DAY) for day, numbers in read.items()}
        after = self._marks(form_id, days)
        fresh = {day: (marks[day], each) for day, each in found.items() if marks[day] == after[day]}
        if fresh:
            remembered = {**known, **fresh}
            self._kept.set(form_id, remembered, size=BYTES_A_DAY * len(remembered))
        return found

    def _marks(self, form_id: str, days: Sequence[str]) -> dict[str, Mark]:
        form = FormKeys(form_id)
        names = [keys.hash_of_day(day, limb) for day in days for limb in keys.HASH_LIMBS]
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.get(form.generation)
        pipeline.get(form.verified)
        pipeline.hmget(form.prefix + keys.days(), days)
        pipeline.hmget(form.prefix + keys.hashes(), names)
        *of_form, counts, limbs = pipeline.execute()
        hashes = zip(*[iter(limbs)] * len(keys.HASH_LIMBS), strict=True)
        return {
            day: (*of_form, count, *each)
            for day, count, each in zip(days, counts, hashes, strict=True)
        }
