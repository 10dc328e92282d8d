"""The last 48 hours can be read by minutes, which run out by themselves."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from analytics import aggregator
from analytics.rebuild import rebuild
from analytics.subscribers import count_responses
from analytics.times import series
from formplatform.core.connections import numbers
from formplatform.core.errors import InvalidInputError
from tests.test_analytics.world import World

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def world(form_id, form_store):
    return World(form_id, form_store)


def now():
    return datetime.now(UTC)


def by_minute(form_id, **asked):
    found = aggregator.current().get_timeseries(form_id, "minute", **asked)
    moments = [datetime.fromisoformat(each["timestamp"]) for each in found]
    assert all(later - first == MINUTE for first, later in pairwise(moments))
    counts = [each["count"] for each in found]
    return Counter({m: n for m, n in zip(moments, counts, strict=True) if n}), moments


def whole(moment):
    return moment.replace(second=0, microsecond=0)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
def test_responses_are_counted_in_their_minutes(world, zone):
    began = now()
    for back in (0.2, 1, 59, 61, 600, 1400, 2000, 2800):
        response = world.submit(submitted_at=began - back * MINUTE)
        world.submit(submitted_at=response.submitted_at)
    world.delete(world.edit(response))
    world.edit(world.live()[0])
    count_responses(world.events)
    expected = Counter(whole(each.submitted_at) for each in world.live())
    since = began - 47 * HOUR
    found, moments = by_minute(world.form_id, since=since, until=began, timezone=zone)
    assert found == expected
    assert (moments[0], len(moments)) == (whole(since), 47 * 60 + 1)
    rebuild(world.form_id)
    assert by_minute(world.form_id, since=since, until=began, timezone=zone)[0] == expected


def test_without_a_span_it_is_the_last_hour(world):
    world.submit(submitted_at=now() - 5 * MINUTE)
    world.submit(submitted_at=now() - 90 * MINUTE)
    count_responses(world.events)
    found, moments = by_minute(world.form_id)
    assert found.total() == 1
    assert len(moments) == 60


def test_minutes_beyond_48_hours_are_refused_and_say_what_to_ask(form_id):
    with pytest.raises(InvalidInputError, match="48 hours"):
        by_minute(form_id, since=now() - 49 * HOUR)
    assert by_minute(form_id, since=now() - 48 * HOUR + MINUTE)[0] == Counter()


def test_keys_of_minutes_expire_and_old_responses_make_none(world):
    old = world.submit(submitted_at=now() - timedelta(days=4))
    new = world.submit(submitted_at=now())
    count_responses(world.events)
    root = f"form:{{{world.form_id}}}:timeseries:minute:"
    for _ in range(2):
        (key,) = numbers().scan_iter(f"{root}*")
        day = new.submitted_at.date()
        assert key.decode() == f"{root}{day}"
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        assert numbers().expiretime(key) == (midnight + timedelta(days=3)).timestamp()
        rebuild(world.form_id)
    world.delete(old)
    count_responses(world.events)
    assert [*numbers().scan_iter(f"{root}*")] == [key]


def test_the_keys_live_as_long_as_their_minutes_can_be_asked_for():
    last = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
    ends = datetime.fromtimestamp(series.minutes_end(int(last.timestamp()) // 60), UTC)
    assert ends == datetime(2026, 3, 4, tzinfo=UTC)
    assert ends - last >= series.MINUTES_KEPT
