"""When responses were submitted, as counters by day, quarter-hour and minute, and their hashes."""

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from analytics import keys
from analytics.times import retention
from analytics.times.series import DAY, MINUTE, QUARTER, minutes_end, minutes_kept_from
from formplatform.forms.storage.hashing import MODULUS

from .exact_sums import limbs
from .steps import Steps

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTERS, MINUTES, MINUTES_OF_QUARTER = DAY // QUARTER, DAY // MINUTE, QUARTER // MINUTE
DAYS_KEPT = 4096
Passing = tuple[str, dict[str, int], int]
"""A key that expires, its counters, and when, in seconds since 1970."""


class Moments:
    """What responses add up to by their moments, less what others take away from that."""

    def __init__(self) -> None:
        self._quarters: dict[int, int] = {}
        self._minutes: dict[int, int] = {}
        self._hashes: dict[int, int] = {}

    def add(self, minutes: Iterable[int], hashes: Iterable[int], sign: int) -> None:
        """Count responses by their minutes since 1970, and their hashes.

        A minute is left out once the key of that day's minutes has expired.
        """
        kept_from = minutes_kept_from(time.time()) * MINUTES
        for minute, found in zip(minutes, hashes, strict=True):
            quarter = minute // MINUTES_OF_QUARTER
            self._quarters[quarter] = self._quarters.get(quarter, 0) + sign
            self._hashes[quarter] = self._hashes.get(quarter, 0) + sign * found
            if minute >= kept_from:
                self._minutes[minute] = self._minutes.get(minute, 0) + sign

    def totals(self) -> dict[str, int]:
        """Of all days: how many there are, and the limbs of their hash."""
        digits = limbs(sum(self._hashes.values()) % MODULUS)
        hashes = {f"{keys.HASH}{index}": digit for index, digit in digits}
        return {keys.TOTAL: sum(self._quarters.values())} | hashes

    def days(self) -> dict[str, int]:
        """UTC day → responses."""
        return _by_day(self._quarters)

    def hashes(self) -> dict[str, int]:
        """UTC day and limb → what the hashes come to there."""
        return {
            f"{day}:{index}": digit
            for day, found in _by_day(self._hashes).items()
            for index, digit in limbs(found % MODULUS)
        }

    def passing(self) -> Iterator[Passing]:
        """The quarter-hours of each day that are still counted, and its minutes."""
        quarters: dict[str, dict[str, int]] = {}
        for quarter, amount in self._quarters.items():
            day = day_of(quarter // QUARTERS)
            quarters.setdefault(day, {})[str(quarter % QUARTERS)] = amount
        for day, counters in quarters.items():
            if retention.is_written(day):
                yield keys.quarter_hours(day), counters, retention.expires_at(day)
        minutes: dict[str, dict[str, int]] = {}
        for minute, amount in self._minutes.items():
            minutes.setdefault(day_of(minute // MINUTES), {})[str(minute)] = amount
        for day, counters in minutes.items():
            yield keys.minutes(day), counters, minutes_end(int(next(iter(counters))))

    def add_steps(self, steps: Steps) -> None:
        """All but the totals, which close the steps."""
        steps.add("i", keys.days(), self.days())
        steps.add("i", keys.hashes(), self.hashes())
        for key, counters, expires_at in self.passing():
            steps.add_passing(key, counters, expires_at=expires_at)


def minute_of(moment: datetime) -> int:
    """The minute since 1970."""
    return (moment - EPOCH) // MINUTE


@lru_cache(maxsize=DAYS_KEPT)
def day_of(number: int) -> str:
    """A UTC day by its number since 1970."""
    return (EPOCH + timedelta(days=number)).date().isoformat()


def _by_day(quarters: Mapping[int, int]) -> dict[str, int]:
    days: dict[str, int] = {}
    for quarter, amount in quarters.items():
        day = day_of(quarter // QUARTERS)
        days[day] = days.get(day, 0) + amount
    return days
