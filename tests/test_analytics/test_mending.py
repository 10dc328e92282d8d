"""Counters of single days are set right in place, whatever is counted meanwhile."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from analytics import aggregator
from analytics.keys import FormKeys
from analytics.numbers.generations import Generations
from analytics.proving import mending
from analytics.proving.mending import mend_day, mend_totals
from analytics.proving.repair import Remedy, repair
from analytics.proving.verification import verify
from analytics.rebuild import rebuild
from formplatform.core import clock
from formplatform.core.connections import numbers
from tests.test_analytics.corruptions import fingerprint, key, tell, without_times
from tests.test_analytics.world import World, assert_exact


@pytest.fixture
def world(form_id, form_store):
    world = World(form_id, form_store)
    for _ in range(60):
        world.act()
    tell(world, world.events)
    return world


def day_of(response):
    return f"{response.submitted_at:%Y-%m-%d}"


def tell_last(world, count=1):
    tell(world, world.events[-count:])


def submit_one(world, moment):
    """It waits in the form's text."""
    world.submit(submitted_at=moment)
    tell_last(world)


def submit_two(world, moment):
    """They go to the counters at once."""
    world.submit(submitted_at=moment)
    world.submit(submitted_at=moment)
    tell_last(world, 2)


def delete_one(world, moment):
    world.delete(next(each for each in world.live() if each.submitted_at == moment))
    tell_last(world)


@pytest.fixture(params=[submit_one, submit_two, delete_one])
def meanwhile(request):
    return request.param


@pytest.fixture
def interrupted(monkeypatch, world, meanwhile):
    """Something is counted of a day while it is being mended, before or after the store is read."""

    def interrupt(name, moment, *, first):
        called, wanted = getattr(mending, name), [moment]

        def run(*args, **kwargs):
            found = [] if first else list(called(*args, **kwargs))
            if wanted:
                meanwhile(world, wanted.pop())
            return list(called(*args, **kwargs)) if first else found

        monkeypatch.setattr(mending, name, run)

    return interrupt


@pytest.mark.parametrize("first", [True, False])
def test_a_day_that_moves_while_it_is_mended_is_left_and_mended_later(world, interrupted, first):
    response = world.live()[0]
    numbers().hincrby(key(world, "timeseries:day"), day_of(response), 3)
    interrupted("responses_of_day", response.submitted_at, first=first)
    assert not mend_day(world.form_id, day_of(response))
    (found,) = verify(world.form_id).days
    assert (found.day, found.counted - found.stored) == (day_of(response), 3)
    assert mend_day(world.form_id, day_of(response))
    assert verify(world.form_id, deep=True).is_exact
    assert_exact(aggregator.current(), world, numbers())


def test_what_is_counted_just_before_the_counters_are_set_is_not_lost(
    world, monkeypatch, meanwhile
):
    response = world.live()[0]
    numbers().hincrby(key(world, "timeseries:day"), day_of(response), 3)
    dumps, wanted = mending.json.dumps, [response.submitted_at]

    def dump(asked):
        if wanted:
            meanwhile(world, wanted.pop())
        return dumps(asked)

    monkeypatch.setattr(mending.json, "dumps", dump)
    done = mend_day(world.form_id, day_of(response))
    assert done == (meanwhile is not submit_two), "what waits is added to the new counters"
    assert done or mend_day(world.form_id, day_of(response))
    assert verify(world.form_id, deep=True).is_exact
    assert_exact(aggregator.current(), world, numbers())


def test_a_response_that_is_not_counted_yet_keeps_its_day_from_being_mended(world):
    response = world.submit()
    before = fingerprint(world.form_id)
    assert not mend_day(world.form_id, day_of(response))
    assert not mend_totals(world.form_id)
    assert fingerprint(world.form_id) == before


def test_a_day_is_not_mended_from_before_a_rebuild(world, monkeypatch):
    response, read = world.live()[0], mending.responses_of_day

    def rebuild_first(form_id, day):
        rebuild(form_id)
        return read(form_id, day)

    monkeypatch.setattr(mending, "responses_of_day", rebuild_first)
    assert not mend_day(world.form_id, day_of(response))
    assert verify(world.form_id, deep=True).is_exact


def test_days_can_be_mended_again_and_again_while_responses_are_counted(transactional_db, world):
    done, mended = threading.Event(), []
    for _ in range(400):
        world.act()
    days = sorted({day_of(each) for each in world.responses.values()})

    def count(events):
        rng = random.Random(len(events))
        while events:
            size = rng.choice((1, 1, 2, 7))
            tell(world, events[:size])
            del events[:size]
        connection.close()

    def mend():
        rng = random.Random(1)
        while not done.is_set():
            mended.append(mend_day(world.form_id, rng.choice(days)))
            mended.append(mend_totals(world.form_id))
        connection.close()

    with ThreadPoolExecutor(3) as people:
        mending_ = people.submit(mend)
        for each in [people.submit(count, world.events[n::2]) for n in range(2)]:
            each.result()
        done.set()
        mending_.result()
    tell(world, world.events)
    for day in days:
        assert mend_day(world.form_id, day)
    assert mended
    assert verify(world.form_id, deep=True).is_exact
    assert_exact(aggregator.current(), world, numbers())


def test_lost_minutes_are_named_by_their_day_and_come_back(world):
    world.submit(submitted_at=clock.now())
    tell_last(world)
    assert verify(world.form_id).is_exact
    exact = fingerprint(world.form_id)
    today = f"{clock.now():%Y-%m-%d}"
    numbers().delete(key(world, f"timeseries:minute:{today}"))
    (found,) = verify(world.form_id).days
    assert (found.day, found.minutes_differ, found.is_proved) == (today, True, True)
    done = repair(world.form_id)
    assert (done.remedy, done.after.is_exact) == (Remedy.COUNTERS, True)
    assert without_times(fingerprint(world.form_id)) == without_times(exact)
    assert numbers().ttl(key(world, f"timeseries:minute:{today}")) > 0


def test_a_day_that_has_no_response_is_emptied(world):
    numbers().hset(key(world, "timeseries:day"), "2020-02-29", 4)
    numbers().hset(key(world, "timeseries:quarter_hour:2020-02-29"), "7", 4)
    assert [each.day for each in verify(world.form_id).days] == ["2020-02-29"]
    done = repair(world.form_id)
    assert (done.remedy, done.after.is_exact) == (Remedy.COUNTERS, True)
    assert not numbers().exists(key(world, "timeseries:quarter_hour:2020-02-29"))


@pytest.mark.parametrize("suffix", ["timeseries:day", "hashes"])
def test_the_counters_of_all_days_come_back_when_the_others_prove_them(world, suffix):
    exact = fingerprint(world.form_id)
    numbers().delete(key(world, suffix))
    done = repair(world.form_id)
    days = {day_of(each) for each in world.live()}
    assert {each.day for each in done.before.days} == days
    assert (done.remedy, done.after.is_exact) == (Remedy.COUNTERS, True)
    assert aggregator.current().days(world.form_id) == days_of(exact, world)
    assert verify(world.form_id, deep=True).is_exact


def days_of(found, world):
    kept = found[key(world, "timeseries:day").encode()]
    return {day.decode(): int(count) for day, count in kept.items() if int(count)}


def test_a_response_that_is_counted_twice_is_no_wrong_counter(world):
    """Its claim is lost, so an edit adds it without taking it back: its fields count it twice."""
    response = world.live()[0]
    name = FormKeys(world.form_id).applied(0, response.id)
    numbers().hdel(name, bytes.fromhex(response.id))
    world.edit(response)
    tell_last(world)
    found = verify(world.form_id)
    assert [each.day for each in found.days] == [day_of(response)]
    assert (found.totals_differ, found.is_balanced) == (True, True)
    generation = Generations(numbers(), world.form_id).live
    done = repair(world.form_id)
    assert (done.remedy, done.after.is_exact) == (Remedy.REBUILD, True)
    assert Generations(numbers(), world.form_id).live == generation + 1
    assert verify(world.form_id, deep=True).is_exact
    assert_exact(aggregator.current(), world, numbers())


def test_lost_events_and_a_wrong_counter_are_both_mended_without_a_rebuild(world):
    lost = world.submit()
    world.store.mark_dispatched({lost.id: lost.revision}, at=clock.now())
    other = next(each for each in world.live() if day_of(each) != day_of(lost))
    numbers().hincrby(key(world, "hashes"), f"{day_of(other)}:0", 9)
    done = repair(world.form_id)
    assert {each.day for each in done.before.days} == {day_of(lost), day_of(other)}
    assert (done.remedy, done.after.is_exact) == (Remedy.COUNTERS, True)
    assert Generations(numbers(), world.form_id).live == 0
    assert verify(world.form_id, deep=True).is_exact
