"""How far the clocks of a zone are from UTC, without asking the zone at every moment."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from .granularity import DAY, EPOCH, day_at

LOOK_EVERY = 2 * DAY
"""No zone has changed its clocks twice within three days since 1900, so no change is missed."""
LAST = (date.max.toordinal() - EPOCH - 1) * DAY
"""The last moment at which any zone has a date."""
YEARS_KEPT = 4096


class Stretch(NamedTuple):
    """A half-open span in which a zone has one offset; all in seconds, moments since 1970."""

    start: int
    end: int
    offset: int


def stretches(zone: tzinfo, start: int, end: int) -> Iterator[Stretch]:
    """What a half-open span consists of, in order; two that meet may have the same offset."""
    years = range(day_at(start).year, day_at(end - 1).year + 1)
    changes = [change for year in years for change in _changes(zone, year)]
    for (first, offset), (last, _) in pairwise([*changes, (end, 0)]):
        if max(first, start) < min(last, end):
            yield Stretch(max(first, start), min(last, end), offset)


@lru_cache(maxsize=YEARS_KEPT)
def _changes(zone: tzinfo, year: int) -> list[tuple[int, int]]:
    """When a UTC year and each change of the clocks in it begin, and the offset from then on."""
    first = (date(year, 1, 1).toordinal() - EPOCH) * DAY
    end = min((date(year, 12, 31).toordinal() + 1 - EPOCH) * DAY, LAST)
    found = [(first, _offset(zone, first))]
    for before, after in pairwise([*range(first, end, LOOK_EVERY), end]):
        offset = _offset(zone, after)
        if offset != found[-1][1]:
            found.append((_first_with(zone, offset, before, after), offset))
    return [change for change in found if change[0] < end]


def _first_with(zone: tzinfo, offset: int, before: int, after: int) -> int:
    """The first moment between two at which the offset is that of the second."""
    moments = range(before, after)
    return before + bisect_left(moments, 1, key=lambda each: _offset(zone, each) == offset)


def _offset(zone: tzinfo, moment: int) -> int:
    offset = datetime.fromtimestamp(moment, zone).utcoffset() or timedelta(0)
    return offset // timedelta(seconds=1)
