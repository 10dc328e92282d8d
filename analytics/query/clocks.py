"""Moving along the calendar by the wall clock: floors, shifts and expressions like "-7d/d"."""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from .ast import WeekStart
from .errors import QueryError

MONTHS_A_YEAR, MONTHS_A_QUARTER = 12, 3
EXPRESSION = r"((?:[+-][0-9]{1,4}(?:min|mo|h|d|w|q|y))*)(?:/(min|mo|h|d|w|q|y))?"
_EXPRESSION = re.compile(EXPRESSION)
_STEP = re.compile(r"([+-]\d{1,4})(min|mo|h|d|w|q|y)")
LETTERS = {
    "min": "minute",
    "h": "hour",
    "d": "day",
    "w": "week",
    "mo": "month",
    "q": "quarter",
    "y": "year",
}
PASSING = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
_MONTHS = {"month": 1, "quarter": MONTHS_A_QUARTER, "year": MONTHS_A_YEAR}


@dataclass(frozen=True, slots=True)
class Calendar:
    """A wall clock at a moment: the zone, the first day of its weeks, and now."""

    now: datetime
    zone: str
    week_start: WeekStart = WeekStart.MONDAY

    def wall(self, moment: datetime) -> datetime:
        """What the clock shows, without an offset."""
        return moment.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)

    def moment(self, wall: datetime) -> datetime:
        """The (first) moment at which the clock shows that, in UTC."""
        return wall.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    def start(self, moment: datetime, unit: str) -> datetime:
        """The first moment of the minute, hour … year another one lies in."""
        wall = self.wall(moment)
        start = self.floor(wall, unit)
        return moment - (wall - start) if unit in PASSING else self.moment(start)

    def later(self, moment: datetime, amount: int, unit: str) -> datetime:
        """So many minutes or hours pass, of which a wall clock may repeat some; longer units go by
        the calendar.
        """
        if unit in PASSING:
            return moment + amount * PASSING[unit]
        return self.moment(shift(self.wall(moment), amount, unit)) if amount else moment

    def floor(self, wall: datetime, unit: str) -> datetime:
        """The start of the minute, hour … year a time lies in."""
        return _FLOORS[unit](wall, self.week_start)

    def read(self, expression: str, *, path: str) -> datetime:
        """The moment of an expression like `-7d/d`: steps from now, then a floor."""
        found = _EXPRESSION.fullmatch(expression)
        if found is None:
            message = 'Steps from now like "-7d", "-1mo/mo" or "/d" are wanted here.'
            raise QueryError(path, "wrong_type", message)
        try:
            moment = self.now
            for amount, letters in _STEP.findall(found[1]):
                moment = self.later(moment, int(amount), LETTERS[letters])
            return self.start(moment, LETTERS[found[2]]) if found[2] else moment
        except (OverflowError, ValueError):
            raise QueryError(path, "out_of_range", "This lies beyond the calendar.") from None


def shift(wall: datetime, amount: int, unit: str) -> datetime:
    """As many units later; the 31st becomes the last day of a shorter month."""
    if unit not in _MONTHS:
        return wall + amount * timedelta(**{f"{unit}s": 1})
    months = wall.year * MONTHS_A_YEAR + wall.month - 1 + amount * _MONTHS[unit]
    year, month = divmod(months, MONTHS_A_YEAR)
    longest = calendar.monthrange(year, month + 1)[1]
    return wall.replace(year=year, month=month + 1, day=min(wall.day, longest))


def _midnight(wall: datetime) -> datetime:
    return wall.replace(hour=0, minute=0, second=0, microsecond=0)


def _week(wall: datetime, start: WeekStart) -> datetime:
    return _midnight(wall) - timedelta(days=(wall.weekday() - start.value) % 7)


_FLOORS: dict[str, Callable[[datetime, WeekStart], datetime]] = {
    "minute": lambda wall, _: wall.replace(second=0, microsecond=0),
    "hour": lambda wall, _: wall.replace(minute=0, second=0, microsecond=0),
    "day": lambda wall, _: _midnight(wall),
    "week": _week,
    "month": lambda wall, _: _midnight(wall).replace(day=1),
    "quarter": lambda wall, _: _midnight(wall).replace(
        day=1, month=(wall.month - 1) // MONTHS_A_QUARTER * MONTHS_A_QUARTER + 1
    ),
    "year": lambda wall, _: _midnight(wall).replace(day=1, month=1),
}
