"""How long quarter-hours are kept: so many days after the end of their UTC day.

Readers take them as gone from then on; the keys expire a day later, and until then writers go on.
So no clock that is off by less than a day makes a key half full, and whatever is added is also
taken back. What a day comes to stays; where its quarter-hours do not come to the same, because
the days to keep them were once fewer, they are as good as gone.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings

from formplatform.core import clock
from formplatform.core.connections import Numbers

from .counters import integer

DAY = timedelta(days=1)


def days_kept() -> int:
    kept: int = settings.ANALYTICS_QUARTER_HOURS_DAYS
    return kept


def is_kept(day: str) -> bool:
    """Whether the quarter-hours of a UTC day can be read."""
    return date.fromisoformat(day) >= (clock.now() - days_kept() * DAY).date()


def is_kept_by_minutes(day: str) -> bool:
    """Whether the minutes of a UTC day are still there, by every clock that is not a day off."""
    return date.fromisoformat(day) >= (clock.now() - DAY).date()


def is_written(day: str) -> bool:
    """Whether the quarter-hours of a UTC day are still counted."""
    return clock.now().timestamp() < expires_at(day)


def expires_at(day: str) -> int:
    """When the quarter-hours of a UTC day expire, in seconds since 1970."""
    midnight = datetime.combine(date.fromisoformat(day), time(), UTC)
    return int((midnight + (days_kept() + 2) * DAY).timestamp())


def day_after(days: Collection[str]) -> str | None:
    """The UTC day after the last of some."""
    return (date.fromisoformat(max(days)) + DAY).isoformat() if days else None


def read_quarters(
    client: Numbers, prefix: str, days: str, quarters: Mapping[str, str]
) -> dict[str, dict[int, int]]:
    """UTC day → number of its quarter-hour → count, for those days that are kept whole.

    `days` is the key of the counts by day, `quarters` UTC day → key of its quarter-hours.
    """
    kept = sorted(filter(is_kept, quarters))
    if not kept:
        return {}
    pipeline = client.pipeline(transaction=False)
    pipeline.hmget(prefix + days, kept)
    for day in kept:
        pipeline.hgetall(prefix + quarters[day])
    pipeline.hmget(prefix + days, kept)
    before, *found, after = pipeline.execute()
    read = [{int(number): integer(count) for number, count in each.items()} for each in found]
    return {
        day: numbers
        for day, numbers, first, last in zip(kept, read, before, after, strict=True)
        # What was counted between the two looks at the day is no sign that anything is missing.
        if first != last or sum(numbers.values()) == integer(first or 0)
    }
