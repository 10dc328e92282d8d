"""Series against the slow way: ask the zone about every quarter-hour, and count one by one."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from analytics import aggregator
from analytics.query.zones import timezones
from analytics.times.clock_changes import stretches
from formplatform.forms.ids import new_id

QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
ZONES = sorted(timezones())
REACH = {
    "quarter_hour": 3,
    "hour": 20,
    "day": 120,
    "week": 200,
    "month": 250,
    "quarter": 400,
    "year": 900,
}
"""The days of the longest span that is tried of each granularity."""
TURNS = [
    ("Europe/Paris", "2026-03-29"),
    ("Europe/Paris", "2026-10-25"),
    ("America/New_York", "2025-11-02"),
    ("Australia/Lord_Howe", "2026-04-04"),
    ("Australia/Lord_Howe", "2026-10-03"),
    ("Asia/Kathmandu", "1985-12-31"),
    ("America/Havana", "2026-03-08"),
    ("America/Sao_Paulo", "2018-02-18"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Kwajalein", "1993-08-21"),
    ("Pacific/Kiritimati", "1995-01-01"),
    ("America/St_Johns", "2010-11-07"),
    ("Asia/Gaza", "2040-10-23"),
    ("America/Recife", "2000-10-12"),
    ("America/Caracas", "2016-05-01"),
]
"""Zones and days at which something unusual happens to their clocks."""


def quarter_of(moment):
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def label_of(quarter, granularity, zone):
    local = quarter.astimezone(zone)
    if granularity in ("quarter_hour", "hour"):
        wall = local if granularity == "quarter_hour" else local.replace(minute=0)
        return f"{wall:%Y-%m-%dT%H:%M}:00{local.isoformat()[-6:]}"
    day = local.date()
    if granularity == "week":
        day -= timedelta(days=day.weekday())
    elif granularity != "day":
        month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}
        day = date(day.year, month[granularity], 1)
    return datetime(day.year, day.month, day.day, tzinfo=zone).isoformat()


def slowly(moments, granularity, zone, since, until):
    """Every bucket of a span and what is in it, in order."""
    counted = Counter(quarter_of(moment) for moment in moments)
    found = {}
    quarter = quarter_of(since)
    while quarter < until:
        label = label_of(quarter, granularity, zone)
        found[label] = found.get(label, 0) + counted[quarter]
        quarter += QUARTER
    return found


def read(form_id, granularity, zone, since, until):
    found = aggregator.current().get_timeseries(
        form_id, granularity, timezone=zone, since=since, until=until
    )
    assert len({bucket["timestamp"] for bucket in found}) == len(found)
    return {bucket["timestamp"]: bucket["count"] for bucket in found}


def check(rng, zone, around):
    """A form whose responses come around a moment, asked in spans that hold it."""
    form_id, moments = new_id(), []
    for granularity, longest in REACH.items():
        for _ in range(8):
            spread = rng.choice([DAY, 30 * DAY, 400 * DAY])
            moments.append(around + (2 * rng.random() - 1) * spread)
            aggregator.current().on_response_submitted(form_id, {}, submitted_at=moments[-1])
        length = longest * rng.random() * DAY + HOUR
        since = around - length * rng.random()
        until = since + length
        expected = slowly(moments, granularity, ZoneInfo(zone), since, until)
        found = read(form_id, granularity, zone, since, until)
        assert [*found.items()] == [*expected.items()], (zone, granularity, since, until)


@pytest.mark.parametrize(("zone", "day"), TURNS)
def test_where_clocks_turn_every_bucket_is_what_the_slow_way_says(zone, day):
    rng = random.Random(zone + day)
    noon = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    check(rng, zone, noon + (rng.random() - 0.5) * DAY)


@pytest.mark.parametrize("seed", range(12))
def test_in_any_zone_at_any_time_every_bucket_is_what_the_slow_way_says(seed):
    rng = random.Random(seed)
    around = datetime(1980, 1, 1, tzinfo=UTC) + rng.random() * 55 * 365 * DAY
    check(rng, rng.choice(ZONES), around)


def test_no_zone_has_a_change_of_its_clocks_that_is_missed():
    rng = random.Random(1)
    special = [("Africa/Freetown", 1939), ("America/Noronha", 2000), ("Asia/Hebron", 2040)]
    for name, year in [*special, *((zone, rng.randrange(1901, 2100)) for zone in ZONES)]:
        zone, begin = ZoneInfo(name), datetime(year, 1, 1, tzinfo=UTC)
        moments = [begin + n * 9 * HOUR for n in range(365 * 24 // 9)]
        plain = [moment.astimezone(zone).utcoffset() for moment in moments]
        first, end = begin.timestamp(), moments[-1].timestamp() + 1
        offsets = iter(stretches(zone, int(first), int(end)))
        stretch = next(offsets)
        for moment, offset in zip(moments, plain, strict=True):
            if moment.timestamp() >= stretch.end:
                stretch = next(offsets)
            assert stretch.start <= moment.timestamp() < stretch.end
            assert stretch.offset == offset.total_seconds(), (name, moment)
