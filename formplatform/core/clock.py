"""The time, as we store it: aware, UTC, whole milliseconds (BSON keeps no more)."""

from datetime import UTC, datetime


def now() -> datetime:
    return to_milliseconds(datetime.now(UTC))


def to_milliseconds(moment: datetime) -> datetime:
    """The same moment in UTC without its microseconds. A naive datetime is refused."""
    if moment.tzinfo is None:
        raise ValueError("A naive datetime names no moment: give it a time zone.")
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def to_text(moment: datetime) -> str:
    """Fixed-width ``YYYY-MM-DDTHH:MM:SS.mmmZ``: the order of texts is the order of times."""
    return to_milliseconds(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")
