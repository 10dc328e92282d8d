"""Comparing the numbers in Redis with the form store, day by day."""

from dataclasses import dataclass
from datetime import UTC, datetime

from formplatform.forms.storage.registry import get_store

from . import aggregator

FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DayDifference:
    day: str
    stored: int
    counted: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """Live responses of a form as stored and as counted, and every UTC day that differs."""

    form_id: str
    stored: int
    counted: int
    days: tuple[DayDifference, ...]

    @property
    def is_exact(self) -> bool:
        return self.stored == self.counted and not self.days


def verify(form_id: str) -> Verification:
    """Compare. What is on its way to being counted shows as a difference."""
    numbers = aggregator.current()
    counted = numbers.days(form_id)
    total = numbers.get_metrics(form_id)["total_responses"]
    hashes = get_store().day_hashes(form_id, since=FIRST, until=LAST)
    stored = {day: count for day, (count, _) in hashes.items()}
    differing = (
        DayDifference(day, stored.get(day, 0), counted.get(day, 0))
        for day in sorted(stored.keys() | counted.keys())
    )
    return Verification(
        form_id=form_id,
        stored=sum(stored.values()),
        counted=total,
        days=tuple(each for each in differing if each.stored != each.counted),
    )
