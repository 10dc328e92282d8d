"""What the buckets of a series consist of in steps of UTC time: minutes or quarter-hours.

Every zone in use is a whole number of quarter-hours away from UTC, at every moment, so hours,
days, weeks, months and years of any zone are sums of UTC quarter-hours, exactly, also where the
clocks change. A step belongs to where the clock stood when it began.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from .clock_changes import stretches
from .granularity import MINUTE, QUARTER, SHORT, Granularity, day_at, starts_within

Bucket = tuple[int, int | None]
"""What the clock shows at its start, in seconds; the offset where that alone is not unique."""
Piece = tuple[int, Bucket]
"""The number of the first step of a part of a bucket, which lasts until the next one."""


def step_of(size: Granularity) -> int:
    """The seconds of what a series is added up from."""
    return MINUTE if size is Granularity.MINUTE else QUARTER


def pieces_of(size: Granularity, zone: tzinfo, *, start: int, end: int) -> Iterator[Piece]:
    """The pieces of a half-open span of whole steps, in seconds since 1970, in order.

    Of a bucket there are several where the clocks change within it.
    """
    step = step_of(size)
    for stretch in stretches(zone, start, end):
        first, last, offset = _up(stretch.start, step), _up(stretch.end, step), stretch.offset
        told = offset if size in SHORT else None
        for wall in starts_within(size, first + offset, last - step + offset):
            yield _up(max(first, wall - offset), step) // step, (wall, told)


def start_of(bucket: Bucket, zone: tzinfo) -> datetime:
    """When a bucket starts, by the clock of the zone."""
    wall, offset = bucket
    if offset is not None:
        return datetime.fromtimestamp(wall - offset, _fixed(offset))
    day = day_at(wall)
    return datetime(day.year, day.month, day.day, tzinfo=zone)


@lru_cache
def _fixed(offset: int) -> tzinfo:
    return timezone(timedelta(seconds=offset))


def _up(moment: int, step: int) -> int:
    """The next moment a step begins at."""
    return -(-moment // step) * step
