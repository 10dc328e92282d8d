"""Numbers are proved against the store day by day, and mended where they differ."""

import random
from collections import Counter
from dataclasses import asdict

import pytest

from analytics import aggregator
from analytics.keys import FormKeys
from analytics.numbers import drift
from analytics.numbers.generations import Generations
from analytics.proving.proof import read_counted
from analytics.proving.repair import Remedy, repair
from analytics.proving.stored_days import EVER
from analytics.proving.verification import DayDifference, plain, verify
from analytics.rebuild import rebuild
from analytics.subscribers import count_sessions
from formplatform.core import clock
from formplatform.core.connections import numbers
from formplatform.forms.storage.hashing import response_hash
from tests.factories.forms import FormVersionFactory, SessionFactory
from tests.test_analytics.corruptions import (
    EVERY,
    HIDDEN,
    OF_DAYS,
    OF_DAYS_OF_SESSIONS,
    OF_SUMS,
    OF_TOTALS,
    corrupt_hash,
    fingerprint,
    key,
    move_between_options,
    some_day,
    some_day_of_sessions,
    tell,
    without_times,
)
from tests.test_analytics.test_counting import advanced, deliver_at_random
from tests.test_analytics.world import World, assert_exact


@pytest.fixture
def world(form_id, form_store):
    world = World(form_id, form_store)
    for _ in range(80):
        world.act()
    world.submit(data={"age": 44, "department": "it", "amount": 1.5})
    tell(world, world.events)
    session = SessionFactory(form_id=form_id, submitted=True)
    form_store.merge_session(session)
    count_sessions([advanced(session)])
    return world


@pytest.mark.parametrize("seed", range(3))
def test_the_hashes_of_days_are_those_of_the_store_however_events_arrive(world, seed):
    rng = world.random = random.Random(seed)
    for _ in range(150):
        world.act()
    deliver_at_random(world.events, rng)
    stored = world.store.day_hashes(world.form_id, **EVER)
    counted = read_counted(numbers(), world.form_id)
    assert counted.days == stored
    assert counted.is_balanced
    assert counted.quarters.keys() >= stored.keys()
    rebuild(world.form_id)
    again = read_counted(numbers(), world.form_id)
    assert (again.days, again.is_balanced) == (stored, True)


def test_exact_numbers_need_no_repair_and_are_left_alone(world):
    before = fingerprint(world.form_id)
    done = repair(world.form_id)
    assert (done.remedy, done.after.is_exact, done.after.months) == (Remedy.NONE, True, ())
    assert done.after.is_settled
    after = fingerprint(world.form_id)
    verified = key(world, "verified").encode()
    assert verified in after
    assert {name: value for name, value in after.items() if name != verified} == before


@pytest.mark.parametrize(("corrupt", "expected"), OF_DAYS)
def test_a_corrupted_day_is_named_and_only_its_counters_are_set_right(world, corrupt, expected):
    day, count = some_day(world)
    exact = fingerprint(world.form_id)
    corrupt(world)
    found = verify(world.form_id)
    unlike = {**expected, "counted": count + expected.get("counted", 0)}
    assert found.days == (DayDifference(day=day, stored=count, **unlike),)
    assert (found.months, found.has_drifted) == ((day[:7],), True)
    done = repair(world.form_id)
    assert (done.remedy, done.after.is_exact) == (Remedy.COUNTERS, True)
    assert without_times(fingerprint(world.form_id)) == without_times(exact)
    assert_exact(aggregator.current(), world, numbers())


@pytest.mark.parametrize("corrupt", OF_TOTALS)
def test_corrupted_totals_are_set_right_alone(world, corrupt):
    exact = fingerprint(world.form_id)
    corrupt(world)
    found = verify(world.form_id)
    assert (found.has_drifted, found.days, found.totals_differ) == (True, (), True)
    done = repair(world.form_id)
    assert (done.remedy, done.after.is_exact) == (Remedy.COUNTERS, True)
    assert without_times(fingerprint(world.form_id)) == without_times(exact)


@pytest.mark.parametrize("corrupt", OF_DAYS_OF_SESSIONS)
def test_a_corrupted_day_of_sessions_is_named_and_everything_counted_anew(world, corrupt):
    corrupt(world)
    found = verify(world.form_id)
    assert [each.day for each in found.days if each.sessions_differ] == [
        some_day_of_sessions(world)
    ]
    assert len(found.days) == 1
    done = repair(world.form_id)
    assert (done.remedy, done.after.is_exact) == (Remedy.REBUILD, True)
    assert verify(world.form_id, deep=True).is_exact


@pytest.mark.parametrize("corrupt", OF_SUMS)
def test_a_corrupted_sum_is_found_without_counting_anew_and_repaired(world, corrupt):
    corrupt(world)
    found = verify(world.form_id)
    assert (found.has_drifted, found.days) == (True, ())
    done = repair(world.form_id)
    assert (done.remedy, done.after.is_exact) == (Remedy.REBUILD, True)
    assert verify(world.form_id, deep=True).is_exact
    assert_exact(aggregator.current(), world, numbers())


@pytest.mark.parametrize("corrupt", HIDDEN)
def test_what_leaves_every_sum_as_it_was_only_a_deep_look_finds(world, corrupt):
    corrupt(world)
    assert verify(world.form_id).is_exact
    done = repair(world.form_id, deep=True)
    assert len(done.before.keys) == 1
    assert (done.remedy, done.after.is_exact, done.after.keys) == (Remedy.REBUILD, True, ())


@pytest.mark.parametrize("corrupt", EVERY)
def test_a_deep_look_finds_every_corruption_and_changes_nothing(world, corrupt):
    assert verify(world.form_id, deep=True).keys == ()
    generation = Generations(numbers(), world.form_id).live
    corrupt(world)
    before = fingerprint(world.form_id)
    found = verify(world.form_id, deep=True)
    assert len(found.keys) == 1
    assert found.keys[0].names
    after = fingerprint(world.form_id)
    bookkeeping = {key(world, "verified").encode(), key(world, "generation:last").encode()}
    assert {name for name in after if after[name] != before.get(name)} <= bookkeeping
    assert before.keys() <= after.keys()
    assert Generations(numbers(), world.form_id).live == generation


def test_each_month_has_a_proof_of_the_responses_that_are_counted(world):
    summed = Counter()
    for response in world.live():
        found = response_hash(response.id, revision=response.revision)
        summed[f"{response.submitted_at:%Y-%m}"] += found
    counts = Counter(f"{response.submitted_at:%Y-%m}" for response in world.live())
    proofs = verify(world.form_id).proofs
    assert len(proofs) == len(summed) > 1
    for proof in proofs:
        expected = f"{summed[proof.month] % 2**64:016x}"
        assert (proof.stored, proof.counted) == (counts[proof.month],) * 2
        assert (proof.stored_hash, proof.counted_hash) == (expected, expected)


def test_only_the_proof_of_a_month_with_a_wrong_day_differs(world):
    corrupt_hash(world)
    day, _ = some_day(world)
    found = verify(world.form_id)
    wrong = [each.month for each in found.proofs if each.stored_hash != each.counted_hash]
    assert wrong == list(found.months) == [day[:7]]
    assert plain(found)["proofs"] == [asdict(each) for each in found.proofs]


def test_deep_looks_say_which_names_of_which_key_differ(world):
    move_between_options(world)
    (found,) = verify(world.form_id, deep=True).keys
    assert (found.key, found.names) == ("field:department:dist", ("hr", "it"))


def test_lost_events_are_mended_by_moving_only_the_responses_of_their_days(world):
    edited, deleted = world.live()[:2]
    world.edit(edited)
    world.delete(deleted)
    new = world.submit()
    revisions = {each.response_id: each.revision for each in world.events}
    world.store.mark_dispatched(revisions, at=clock.now())
    done = repair(world.form_id)
    days = {f"{each.submitted_at:%Y-%m-%d}" for each in (edited, deleted, new)}
    assert {each.day for each in done.before.days} == days
    assert (done.remedy, done.after.is_exact) == (Remedy.DAYS, True)
    assert Generations(numbers(), world.form_id).live == 0
    assert_exact(aggregator.current(), world, numbers())


def test_responses_on_their_way_are_no_drift(world):
    world.submit()
    found = verify(world.form_id)
    assert (found.is_settled, found.is_exact, found.has_drifted) == (False, False, False)
    assert drift.last_drift(world.form_id) is None
    before = fingerprint(world.form_id)
    assert repair(world.form_id).remedy is Remedy.WAIT
    assert fingerprint(world.form_id) == before
    tell(world, world.events[-1:])
    assert verify(world.form_id).is_exact
    assert drift.last_drift(world.form_id)["exact"] is True


def test_numbers_that_are_lost_altogether_come_back(world):
    for name in numbers().scan_iter(key(world, "*")):
        numbers().delete(name)
    done = repair(world.form_id)
    assert (done.before.counted, done.remedy) == (0, Remedy.REBUILD)
    assert verify(world.form_id, deep=True).is_exact
    assert_exact(aggregator.current(), world, numbers())


def test_a_day_whose_counted_revision_is_none_that_ever_was_is_counted_anew(world):
    response = world.edit(world.live()[0])
    world.store.mark_dispatched({response.id: response.revision}, at=clock.now())
    numbers().hset(FormKeys(world.form_id).applied(0, response.id), bytes.fromhex(response.id), 900)
    done = repair(world.form_id)
    assert (done.remedy, done.after.is_exact) == (Remedy.REBUILD, True)
    assert_exact(aggregator.current(), world, numbers())


def test_the_deleted_are_known_to_a_deep_look(world):
    world.delete(world.live()[0])
    tell(world, world.events[-1:])
    assert verify(world.form_id, deep=True).is_exact


def test_options_may_be_called_like_the_extremes_of_a_number(form_store):
    options = [{"id": each, "label": each} for each in ("min", "max", "max_stale")]
    field = {"id": "end", "type": "choice", "label": "End", "options": options}
    version = FormVersionFactory(definition={"fields": [field]})
    form_store.insert_version(version)
    world = World(version.form_id, form_store)
    for each in options:
        world.submit(data={"end": each["id"]})
    tell(world, world.events)
    assert verify(world.form_id, deep=True).is_exact
    numbers().hincrby(key(world, "field:end:dist"), "max", 1)
    assert not verify(world.form_id).is_balanced
    assert [each.key for each in verify(world.form_id, deep=True).keys] == ["field:end:dist"]
    assert repair(world.form_id).after.is_exact
    assert aggregator.current().get_field_distribution(world.form_id, "end")["max"] == 1
