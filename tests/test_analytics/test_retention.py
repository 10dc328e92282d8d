"""Quarter-hours run out by the key of their UTC day; what is gone is never guessed."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from analytics import aggregator, metrics, query_builder
from analytics.proving.repair import Remedy, repair
from analytics.proving.verification import verify
from analytics.rebuild import rebuild
from analytics.subscribers import count_responses, count_sessions
from formplatform.core import clock
from formplatform.core.connections import numbers
from formplatform.core.errors import InvalidInputError
from tests.factories.forms import SessionFactory
from tests.test_analytics.session_world import advanced
from tests.test_analytics.world import World, assert_exact

KEPT = 10
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MIDNIGHT = datetime(2050, 7, 1, tzinfo=UTC)
"""Far ahead, because Redis goes by a clock of its own. In Paris that day began two hours before."""
FIRST_GONE = MIDNIGHT + KEPT * DAY
"""When the quarter-hours of 30 June are gone; those of 1 July follow a day later."""
LAST_MOMENT = FIRST_GONE - timedelta(microseconds=1)
GONE = FIRST_GONE + DAY
PARIS = "Europe/Paris"
MOMENTS = [MIDNIGHT + hours * HOUR for hours in (-3, -2, 0, 9, 21, 22, 23, 26)]


@pytest.fixture
def world(form_id, form_store, settings, time_machine):
    """Responses and sessions around a day, all counted while it lasted."""
    settings.ANALYTICS_QUARTER_HOURS_DAYS = KEPT
    time_machine.move_to(MIDNIGHT + 2 * DAY, tick=False)
    world = World(form_id, form_store)
    for moment in MOMENTS:
        world.submit(data={"age": 3}, submitted_at=moment)
        session = SessionFactory(form_id=form_id, viewed_at=moment)
        count_sessions([advanced(form_store.merge_session(session))])
    tell(world, world.events)
    return world


def tell(world, events):
    count_responses(events)
    revisions = {each.response_id: each.revision for each in events}
    world.store.mark_dispatched(revisions, at=clock.now())


def series(world, granularity, zone, first="2050-06-30", last="2050-07-02"):
    midnight = lambda day: datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))  # noqa: E731
    return metrics.timeseries_of(
        world.form_id,
        granularity=granularity,
        timezone=zone,
        since=midnight(first),
        until=midnight(last) + DAY,
    )


def counts(found):
    return [bucket["count"] for bucket in found["buckets"]]


def ask(world, zone, granularity="day", **more):
    by = {"field": "submitted_at", "granularity": granularity, "timezone": zone}
    query = {"measures": ["count"], "group_by": [by], **more}
    return query_builder.run_query(world.form_id, query, personal_allowed=True)


def quarter_keys(world):
    return sorted(
        key.decode().partition("}:")[2]
        for key in numbers().scan_iter(f"form:{{{world.form_id}}}:*quarter_hour:*")
    )


def test_until_the_last_moment_any_zone_is_exact(world, time_machine):
    time_machine.move_to(LAST_MOMENT, tick=False)
    for granularity in ("hour", "quarter_hour"):
        found = series(world, granularity, PARIS)
        assert (sum(counts(found)), found["coarse_before"]) == (len(MOMENTS), None)
    found = series(world, "day", PARIS)
    assert (counts(found), found["coarse_before"]) == ([1, 4, 3], None)
    answer = ask(world, PARIS)
    assert (answer.engine, [row["count"] for row in answer.rows]) == ("rollup", [1, 4, 3])


def test_a_moment_later_the_first_day_is_whole_and_the_next_one_exact(world, time_machine):
    time_machine.move_to(FIRST_GONE, tick=False)
    found = series(world, "day", PARIS)
    assert (counts(found), found["coarse_before"]) == ([2, 3, 3], "2050-07-01")
    found = series(world, "day", PARIS, "2050-07-02")
    assert (counts(found), found["coarse_before"]) == ([3], None)
    assert ask(world, PARIS).engine != "rollup"
    begins = {"date_range": ["2050-07-02", "2050-07-02"], "timezone": PARIS}
    answer = ask(world, PARIS, **begins)
    assert (answer.engine, [row["count"] for row in answer.rows]) == ("rollup", [3])


def test_from_then_on_days_of_other_zones_are_whole_utc_days_and_say_so(world, time_machine):
    time_machine.move_to(GONE, tick=False)
    found = series(world, "day", PARIS)
    assert (counts(found), found["coarse_before"]) == ([2, 5, 1], "2050-07-02")
    found = series(world, "month", "America/St_Johns", "2050-06-01", "2050-07-31")
    assert (counts(found), found["coarse_before"]) == ([2, 6], "2050-07-02")
    later = series(world, "hour", PARIS, "2050-07-03", "2050-07-04")
    assert (sum(counts(later)), later["coarse_before"]) == (0, None)


def test_whole_utc_days_stay_exact_for_ever(world, time_machine):
    time_machine.move_to(GONE + 400 * DAY, tick=False)
    found = series(world, "day", "UTC")
    assert (counts(found), found["coarse_before"]) == ([2, 5, 1], None)
    answer = ask(world, "UTC")
    assert (answer.engine, [row["count"] for row in answer.rows]) == ("rollup", [2, 5, 1])


@pytest.mark.parametrize("granularity", ["hour", "quarter_hour"])
def test_buckets_shorter_than_a_day_are_refused_and_say_where_to_begin(
    world, time_machine, granularity
):
    time_machine.move_to(GONE, tick=False)
    with pytest.raises(InvalidInputError, match="before 2050-07-02") as refused:
        series(world, granularity, PARIS)
    assert [error.field for error in refused.value.errors] == ["from"]
    assert sum(counts(series(world, granularity, "UTC", "2050-07-02"))) == 1


def test_what_no_bucket_cuts_stays_exact_in_any_zone(world, time_machine):
    time_machine.move_to(GONE, tick=False)
    found = series(world, "week", "Pacific/Kiritimati", "2050-06-27", "2050-07-03")
    assert (counts(found), found["coarse_before"]) == ([8], None)
    answer = ask(world, PARIS, "week")
    assert (answer.engine, [row["count"] for row in answer.rows]) == ("rollup", [8])
    found = series(world, "month", PARIS, "2050-06-01", "2050-07-31")
    assert (counts(found), found["coarse_before"]) == ([2, 6], "2050-07-01")


@pytest.mark.parametrize(
    ("granularity", "first_kept"),
    [
        ("quarter_hour", "2050-07-02"),
        ("hour", "2050-07-02"),
        ("day", "2050-07-02"),
        ("month", "2050-07-01"),
    ],
)
def test_the_next_engine_answers_what_is_gone_and_the_router_says_why(
    world, time_machine, granularity, first_kept
):
    before = ask(world, PARIS, granularity)
    assert before.engine == "rollup"
    time_machine.move_to(GONE, tick=False)
    after = ask(world, PARIS, granularity)
    assert after.engine != "rollup"
    assert f"not rollup: of days before {first_kept} only whole" in after.reason
    assert after.rows == before.rows
    with pytest.raises(InvalidInputError, match=f"rollup: of days before {first_kept}"):
        ask(world, PARIS, granularity, engine="rollup")


def test_totals_and_funnels_of_a_span_take_a_cut_day_whole_and_say_so(world, time_machine):
    day = MIDNIGHT.replace(tzinfo=ZoneInfo(PARIS))
    span = {"timezone": PARIS, "since": day, "until": day + DAY}
    time_machine.move_to(LAST_MOMENT, tick=False)
    found = metrics.metrics_of(world.form_id, **span)
    assert (found["total_responses"], found["sessions"]["viewed"]) == (4, 4)
    assert found["coarse_before"] is None
    time_machine.move_to(GONE, tick=False)
    metrics.forget_forms([world.form_id])
    found = metrics.metrics_of(world.form_id, **span)
    assert (found["total_responses"], found["sessions"]["viewed"]) == (5, 5)
    assert found["coarse_before"] == "2050-07-02"
    utc = {"since": MIDNIGHT, "until": MIDNIGHT + DAY}
    found = metrics.metrics_of(world.form_id, **utc)
    assert (found["total_responses"], found["sessions"]["viewed"]) == (5, 5)
    assert found["coarse_before"] is None


def test_keys_expire_a_day_after_they_can_no_longer_be_read(world):
    found = {key: numbers().expiretime(f"form:{{{world.form_id}}}:{key}") for key in LIVING}
    assert found == {key: int((GONE + DAY).timestamp()) for key in LIVING}
    kept = quarter_keys(world)
    assert set(LIVING) < set(kept)
    rebuild(world.form_id)
    assert quarter_keys(world) == kept
    again = {key: numbers().expiretime(f"form:{{{world.form_id}}}:{key}") for key in LIVING}
    assert again == found


LIVING = [
    "timeseries:quarter_hour:2050-07-01",
    "sessions:quarter_hour:2050-07-01",
    "sessions:quarter_hour:2050-07-01:36",
]


def run_out(world, *days):
    """What Redis does by itself when their time has come."""
    for key in quarter_keys(world):
        if any(day in key for day in days):
            numbers().delete(f"form:{{{world.form_id}}}:{key}")


def test_what_comes_goes_or_changes_after_the_end_leaves_no_key_and_every_number_right(
    world, time_machine
):
    time_machine.move_to(GONE + 2 * DAY, tick=False)
    run_out(world, "2050-06-30", "2050-07-01", "2050-07-02")
    first, second, *_ = world.live()
    world.edit(first, data={"age": 4})
    world.delete(second)
    world.submit(data={"age": 9}, submitted_at=MIDNIGHT)
    tell(world, world.events[-3:])
    session = world.store.merge_session(SessionFactory(form_id=world.form_id, viewed_at=MIDNIGHT))
    count_sessions([advanced(session)])
    assert quarter_keys(world) == []
    assert series(world, "day", "UTC")["total"] == len(world.live())
    assert verify(world.form_id, deep=True).is_exact
    rebuild(world.form_id)
    assert quarter_keys(world) == []
    assert verify(world.form_id, deep=True).is_exact


def test_in_the_day_between_reading_and_expiry_writers_go_on(world, time_machine):
    time_machine.move_to(GONE + DAY - timedelta(seconds=1), tick=False)
    world.submit(data={"age": 9}, submitted_at=MIDNIGHT)
    tell(world, world.events[-1:])
    assert aggregator.current().find_total(world.form_id) == len(world.live())
    stored = numbers().hgetall(f"form:{{{world.form_id}}}:timeseries:quarter_hour:2050-07-01")
    assert Counter({int(n): int(count) for n, count in stored.items()})[0] == 2
    assert verify(world.form_id, deep=True).is_exact
    assert series(world, "day", PARIS)["coarse_before"] == "2050-07-02"


def test_when_more_days_are_kept_than_before_what_ran_out_is_known_to_be_gone_and_comes_back(
    world, settings, time_machine
):
    time_machine.move_to(GONE + 2 * DAY, tick=False)
    run_out(world, "2050-07-01")
    settings.ANALYTICS_QUARTER_HOURS_DAYS = 40
    world.submit(data={"age": 9}, submitted_at=MIDNIGHT)
    tell(world, world.events[-1:])
    found = series(world, "day", PARIS)
    assert (counts(found), found["coarse_before"]) == ([1, 7, 1], "2050-07-02")
    assert ask(world, PARIS).engine != "rollup"
    done = repair(world.form_id)
    assert {each.day for each in done.before.days} == {"2050-07-01"}
    assert (done.remedy, done.after.is_exact) == (Remedy.REBUILD, True)
    found = series(world, "day", PARIS)
    assert (counts(found), found["coarse_before"]) == ([1, 5, 3], None)
    assert ask(world, PARIS).engine == "rollup"
    assert_exact(aggregator.current(), world, numbers())
