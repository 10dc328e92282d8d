"""Spans of time: "last_30_days", first and last day, and the period before."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from analytics.query.ast import Span
from analytics.query.clocks import PASSING, Calendar, shift
from analytics.query.errors import QueryError, unknown
from analytics.query.zones import day_after, midnight
from formplatform.core import clock

from .asked import RangeAsked
from .operands import day_of, parse_moment

UNITS = ("minute", "hour", "day", "week", "month", "quarter", "year")
NAMES = (
    "all", "today", "yesterday",
    *(f"{which}_{unit}" for which in ("this", "last") for unit in UNITS[1:]),
    *(f"last_30_{unit}s" for unit in UNITS),
)  # fmt: skip
"""Examples of every form, for a hint."""
DAYS = {"today": "this_day", "yesterday": "last_day"}
COMPARISONS = ("previous_period", "previous_week", "previous_month", "previous_year")
_NAMED = re.compile(r"(this|last)_(hour|day|week|month|quarter|year)")
_COUNTED = re.compile(r"last_([1-9][0-9]{0,3})_(minute|hour|day|week|month|quarter|year)s")
PATTERN = f"all|today|yesterday|{_NAMED.pattern}|{_COUNTED.pattern}"
"""Every name of a span, as a regular expression."""
EVER = Span(None, None)


def resolve_range(asked: RangeAsked, calendar: Calendar, *, path: str) -> Span:
    """The span a query names. Raises QueryError.

    `last_7_days` are the seven whole days up to and with today; `last_month` is the calendar month
    before this one. A last day belongs to its span whole, a last moment does not.
    """
    if isinstance(asked, str):
        return _named(asked, calendar, path=path)
    start = _bound(asked[0], calendar, path=f"{path}[0]", is_end=False)
    end = _bound(asked[1], calendar, path=f"{path}[1]", is_end=True)
    if start is not None and end is not None and start >= end:
        raise QueryError(path, "out_of_range", "The span has to end after it starts.")
    return Span(start, end)


def _named(name: str, calendar: Calendar, *, path: str) -> Span:
    if name == "all":
        return EVER
    name = DAYS.get(name, name)
    try:
        if found := _NAMED.fullmatch(name):
            first = 0 if found[1] == "this" else -1
            return _units(calendar, found[2], first, first + 1)
        if found := _COUNTED.fullmatch(name):
            return _units(calendar, found[2], 1 - int(found[1]), 1)
    except (OverflowError, ValueError):
        raise QueryError(path, "out_of_range", "This lies beyond the calendar.") from None
    raise unknown(path, "date_range", name, known=NAMES)


def _units(calendar: Calendar, unit: str, first: int, end: int) -> Span:
    """The units that begin so many after the present one, which is the one of number 0."""
    if unit in PASSING:
        start = calendar.start(calendar.now, unit)
        return Span(calendar.later(start, first, unit), calendar.later(start, end, unit))
    wall = calendar.floor(calendar.wall(calendar.now), unit)
    return Span(*(calendar.moment(shift(wall, number, unit)) for number in (first, end)))


def _bound(asked: Any, calendar: Calendar, *, path: str, is_end: bool) -> datetime | None:
    if asked is None:
        return None
    if isinstance(asked, dict):
        return read_now(asked, calendar, path=path)
    day = day_of(asked)
    if day is None:
        return parse_moment(asked, path=path)
    return midnight(day_after(day, path=path) if is_end else day, calendar.zone, path=path)


def read_now(asked: dict[str, Any], calendar: Calendar, *, path: str) -> datetime:
    """The moment of `{"$now": "-7d/d"}`."""
    expression = asked.get("$now")
    if len(asked) != 1 or not isinstance(expression, str):
        raise QueryError(path, "wrong_type", 'A moment, or {"$now": "-7d"}, is wanted here.')
    return clock.to_milliseconds(calendar.read(expression, path=f"{path}.$now"))


def resolve_comparison(asked: RangeAsked, span: Span, calendar: Calendar) -> Span:
    """The span to compare with. Raises QueryError where the query's own is open."""
    if not isinstance(asked, str):
        return resolve_range(asked, calendar, path="compare")
    if asked in DAYS or _NAMED.fullmatch(asked) or _COUNTED.fullmatch(asked):
        return resolve_range(asked, calendar, path="compare")
    if asked not in COMPARISONS:
        raise unknown("compare", "comparison", asked, known=COMPARISONS)
    if span.start is None:
        message = 'Give a "date_range" with a beginning to compare with the one before.'
        raise QueryError("compare", "required", message)
    start, end = calendar.wall(span.start), calendar.wall(span.end or calendar.now)
    back = _SHIFTS[asked] if asked in _SHIFTS else _by_length(start, end, calendar)
    try:
        return Span(calendar.moment(back(start)), calendar.moment(back(end)))
    except (OverflowError, ValueError):
        raise QueryError("compare", "out_of_range", "This lies beyond the calendar.") from None


def _by_length(
    start: datetime, end: datetime, calendar: Calendar
) -> Callable[[datetime], datetime]:
    """Whole months or years go back by months, anything else by its length by the clock."""
    for unit, months in (("year", 12), ("month", 1)):
        if calendar.floor(start, unit) == start and calendar.floor(end, unit) == end:
            units = ((end.year - start.year) * 12 + end.month - start.month) // months
            return lambda wall: shift(wall, -units, unit)
    return lambda wall: wall - (end - start)


_SHIFTS: dict[str, Callable[[datetime], datetime]] = {
    "previous_week": lambda wall: wall - timedelta(weeks=1),
    "previous_month": lambda wall: shift(wall, -1, "month"),
    "previous_year": lambda wall: shift(wall, -1, "year"),
}
