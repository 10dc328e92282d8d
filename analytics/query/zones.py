"""Time zones, and what the clocks in them say."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from .errors import QueryError, unknown


@cache
def timezones() -> frozenset[str]:
    """The zones of the IANA database, without this machine's own aliases."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def read_timezone(name: str, *, path: str) -> str:
    """A known zone. Raises QueryError."""
    if name not in timezones():
        raise unknown(path, "timezone", name, known=timezones())
    return name


def midnight(day: date, zone: str, *, path: str) -> datetime:
    """The first moment of a day in a zone, in UTC. Where it is skipped, the one after the gap."""
    try:
        local = datetime.combine(day, time(), ZoneInfo(zone))
        return local.astimezone(UTC)
    except OverflowError:
        raise too_far(path) from None


def day_after(day: date, *, path: str) -> date:
    try:
        return day + timedelta(days=1)
    except OverflowError:
        raise too_far(path) from None


def too_far(path: str) -> QueryError:
    return QueryError(path, "out_of_range", "This day lies too far ahead.")
