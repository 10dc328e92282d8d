"""What a process remembers of a day's quarter-hours is what is counted there now."""

from datetime import UTC, datetime, timedelta

import pytest

from analytics import aggregator
from analytics.proving.repair import Remedy, repair
from analytics.rebuild import rebuild
from analytics.subscribers import count_responses
from formplatform.core import clock
from formplatform.core.connections import numbers
from tests.test_analytics.world import World

MIDNIGHT = datetime(2050, 5, 10, tzinfo=UTC)
"""Far ahead, because Redis goes by a clock of its own."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DATE = "2050-05-10"
KEY = f"timeseries:quarter_hour:{DATE}"


@pytest.fixture
def world(form_id, form_store, time_machine):
    time_machine.move_to(MIDNIGHT + DAY, tick=False)
    world = World(form_id, form_store)
    for hour in (3, 10, 16):
        world.submit(submitted_at=MIDNIGHT + hour * HOUR)
    count_responses(world.events)
    return world


def tokyo(world):
    """Responses of 10 and 11 May in Tokyo, where the second begins at 15:00 UTC."""
    found = aggregator.current().get_timeseries(
        world.form_id,
        timezone="Asia/Tokyo",
        since=MIDNIGHT - 9 * HOUR,
        until=MIDNIGHT - 9 * HOUR + 2 * DAY,
    )
    return [bucket["count"] for bucket in found]


def key(world):
    return f"form:{{{world.form_id}}}:{KEY}"


def test_a_day_that_did_not_change_is_not_read_again(world):
    assert tokyo(world) == [2, 1]
    numbers().delete(key(world))
    assert tokyo(world) == [2, 1]


def test_a_day_whose_responses_change_is_read_anew_though_there_are_as_many(world):
    assert tokyo(world) == [2, 1]
    early, *_ = world.live()
    world.delete(early)
    world.submit(submitted_at=MIDNIGHT + 20 * HOUR)
    count_responses(world.events[-2:])
    assert tokyo(world) == [1, 2]


def test_an_edit_and_a_later_response_are_seen_at_once(world):
    assert tokyo(world) == [2, 1]
    world.edit(world.live()[0])
    world.submit(submitted_at=MIDNIGHT + 23 * HOUR)
    count_responses(world.events[-2:])
    assert tokyo(world) == [2, 2]


def test_a_rebuild_makes_a_process_forget_what_was_wrong(world):
    numbers().hincrby(key(world), 12, -1)
    numbers().hincrby(key(world), 90, 1)
    assert tokyo(world) == [1, 2]
    rebuild(world.form_id)
    assert tokyo(world) == [2, 1]


def test_a_day_that_lost_quarter_hours_is_not_remembered(world):
    numbers().hdel(key(world), 12)
    found = aggregator.current().read_series(
        world.form_id,
        "day",
        timezone="Asia/Tokyo",
        since=MIDNIGHT - 9 * HOUR,
        until=MIDNIGHT + 2 * DAY,
    )
    assert found.coarse_before == "2050-05-11"
    numbers().hset(key(world), 12, 1)
    assert tokyo(world) == [2, 1]


@pytest.mark.parametrize(
    ("added", "moved", "seen"), [(7, 0, [9, 1]), (0, 1, [1, 2])], ids=["added", "moved"]
)
def test_damage_that_is_mended_in_place_is_forgotten(world, added, moved, seen):
    world.store.mark_dispatched({each.id: 1 for each in world.live()}, at=clock.now())
    root = f"form:{{{world.form_id}}}:timeseries:"
    numbers().hincrby(key(world), 12, added - moved)
    numbers().hincrby(key(world), 90, moved)
    numbers().hincrby(f"{root}day", DATE, added)
    numbers().hincrby(f"{root}minute:{DATE}", 1, 1)
    assert tokyo(world) == seen
    assert repair(world.form_id).remedy is Remedy.COUNTERS
    assert tokyo(world) == [2, 1]
