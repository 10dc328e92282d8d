"""How long quarter-hours are kept: so many days after the end of their UTC day.

Readers take them as gone from then on; the keys expire a day later, and until then writers go on.
So no clock that is off by less than a day makes a key half full, and whatever is added is also
taken back. What a day comes to stays; where its quarter-hours do not come to the same, because
the days to keep them were once fewer, they are as good as gone.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings

from formplatform.core import clock

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
