"""Spans of time as the reference words them, by the calendar of pandas."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

PERIODS = {"day": "D", "month": "M", "quarter": "Q", "year": "Y"}
WEEKS = {"monday": "W-SUN", "sunday": "W-SAT", "saturday": "W-FRI"}
"""By the day on which they end."""
OFFSETS = {
    "day": pd.DateOffset(days=1),
    "week": pd.DateOffset(weeks=1),
    "month": pd.DateOffset(months=1),
    "quarter": pd.DateOffset(months=3),
    "year": pd.DateOffset(years=1),
}
BY_THE_CLOCK = ("minute", "hour")
LETTERS = {
    "min": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "q": "quarter",
    "y": "year",
}  # fmt: skip
MONTHS_BACK = {"previous_month": 1, "previous_year": 12}


def span(asked, query, now):
    """Half-open; None is no bound."""
    if asked in (None, "all"):
        return None, None
    if not isinstance(asked, str):
        first, last = asked
        return bound(first, query, now, last=False), bound(last, query, now, last=True)
    asked = {"today": "this_day", "yesterday": "last_day"}.get(asked, asked)
    which, _, unit = asked.partition("_")
    if "_" not in unit:
        first = {"this": 0, "last": -1}[which]
        return beginning(now, first, unit, query), beginning(now, first + 1, unit, query)
    count, unit = int(unit.partition("_")[0]), unit.partition("_")[2].removesuffix("s")
    return beginning(now, 1 - count, unit, query), beginning(now, 1, unit, query)


def bound(asked, query, now, *, last):
    if asked is None:
        return None
    if isinstance(asked, dict):
        return moment_of(asked["$now"], query, now)
    if len(asked) == len("2026-01-31"):
        day = date.fromisoformat(asked) + timedelta(days=int(last))
        return first_at(pd.Timestamp(day), zone_of(query))
    moment = datetime.fromisoformat(asked)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def moment_of(expression, query, now):
    """Of `-7d/d`: steps from now, then the start of a unit."""
    steps, _, floor = expression.partition("/")
    moment = now
    for count, letters in re.findall(r"([+-]\d+)([a-z]+)", steps):
        moment = later(moment, int(count), LETTERS[letters], query)
    return start_of(moment, LETTERS[floor], query) if floor else moment


def zone_of(query):
    return ZoneInfo(query.get("timezone", "UTC"))


def wall_of(moment, zone):
    return pd.Timestamp(moment).tz_convert(zone).tz_localize(None)


def first_at(wall, zone):
    """The first moment at which a clock shows that."""
    return wall.to_pydatetime().replace(tzinfo=zone).astimezone(UTC)


def start_of(moment, unit, query):
    return beginning(moment, 0, unit, query)


def beginning(moment, number, unit, query):
    """Of the unit so many after that in which a moment lies."""
    local = moment.astimezone(zone_of(query))
    if unit in BY_THE_CLOCK:
        minutes = local.minute if unit == "hour" else 0
        past = timedelta(minutes=minutes, seconds=local.second, microseconds=local.microsecond)
        return moment - past + number * timedelta(**{f"{unit}s": 1})
    period = PERIODS.get(unit) or WEEKS[query.get("week_start", "monday")]
    start = wall_of(moment, zone_of(query)).to_period(period).start_time
    return first_at(start + number * OFFSETS[unit], zone_of(query))


def later(moment, count, unit, query):
    """Hours and minutes pass; days and longer units are counted on the calendar."""
    if unit in BY_THE_CLOCK:
        return moment + count * timedelta(**{f"{unit}s": 1})
    wall = wall_of(moment, zone_of(query))
    return first_at(wall + count * OFFSETS[unit], zone_of(query)) if count else moment


def previous_span(query, now):
    """What the span of a query is compared with."""
    asked = query["compare"]
    if asked not in ("previous_period", "previous_week", *MONTHS_BACK):
        return span(asked, query, now)
    start, end = span(query["date_range"], query, now)
    start, end = (wall_of(each, zone_of(query)) for each in (start, end or now))
    back = end - start
    if asked == "previous_week":
        back = pd.DateOffset(weeks=1)
    elif asked in MONTHS_BACK:
        back = pd.DateOffset(months=MONTHS_BACK[asked])
    elif all(each == each.to_period("M").start_time for each in (start, end)):
        back = pd.DateOffset(months=(end.year - start.year) * 12 + end.month - start.month)
    return tuple(first_at(each - back, zone_of(query)) for each in (start, end))
