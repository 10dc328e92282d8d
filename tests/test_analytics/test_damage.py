"""Keys that hold something else altogether are found, named and counted anew."""

import re
from itertools import count

import pytest

from analytics import aggregator
from analytics.numbers.generations import Generations
from analytics.proving.repair import Remedy, repair
from analytics.proving.verification import verify
from analytics.subscribers import count_sessions
from formplatform.core import clock
from formplatform.core.connections import numbers
from tests.factories.forms import SessionFactory
from tests.test_analytics.corruptions import fingerprint, key, tell
from tests.test_analytics.test_counting import advanced
from tests.test_analytics.world import World, assert_exact

FAMILY = re.compile(r"(?<=field:)[^:]+|\d{4}-\d\d-\d\d|(?<=:)s?[0-9a-f]+$")
HIDDEN = ("applied:", "sessions:quarter_hour:")
"""What only a deep look compares, as the different hidden answers."""


@pytest.fixture
def world(form_id, form_store):
    world = World(form_id, form_store)
    for _ in range(60):
        world.act()
    world.submit(submitted_at=clock.now())
    tell(world, world.events)
    session = SessionFactory(form_id=form_id, submitted=True)
    form_store.merge_session(session)
    count_sessions([advanced(session)])
    return world


def live(world):
    return Generations(numbers(), world.form_id).live


def replace_by_text(name):
    numbers().set(name, "not counters")


def replace_by_list(name):
    numbers().delete(name)
    numbers().rpush(name, "not", "counters")


def spoil_a_counter(name):
    if numbers().type(name) == b"hash":
        numbers().hset(name, min(numbers().hkeys(name)), "many")


def add_a_strange_counter(name):
    if numbers().type(name) == b"hash":
        numbers().hset(name, "2026-02-30", 1)


DAMAGES = [replace_by_text, replace_by_list, spoil_a_counter, add_a_strange_counter]


def suffixes(world):
    """A key of each family of its numbers."""
    prefix = key(world, "")
    found = {name.decode().removeprefix(prefix) for name in fingerprint(world.form_id)}
    chosen = {FAMILY.sub("…", suffix): suffix for suffix in sorted(found)}
    return sorted({*chosen.values()} - {"verified", "generation", "generation:last"})


@pytest.mark.parametrize("damage", DAMAGES)
def test_any_damaged_key_is_found_and_everything_is_exact_again(world, damage):
    verify(world.form_id)
    tried = set()
    for number in count():
        # A rebuild may leave one key fewer: applied revisions are told apart by generation.
        if number >= len(names := suffixes(world)):
            break
        suffix = names[number]
        before = numbers().dump(key(world, suffix))
        damage(key(world, suffix))
        if numbers().dump(key(world, suffix)) == before:
            continue
        tried.add(suffix)
        found = verify(world.form_id, deep=suffix.startswith(HIDDEN) or ":distinct" in suffix)
        named = suffix.replace(f"applied:{live(world)}:", "applied:")
        assert found.has_drifted, suffix
        # A value nobody knows may have been an answer: then the sums say that something is wrong.
        is_named = named in {*found.damaged, *(each.key for each in found.keys or ())}
        assert is_named or (damage is add_a_strange_counter and not found.is_balanced)
        assert repair(world.form_id, deep=True).after.is_exact, suffix
        assert_exact(aggregator.current(), world, numbers())
    assert len(tried) > 10


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("family", ["quarter_hour", "minute"])
def test_a_damaged_day_is_set_right_alone(world, damage, family):
    verify(world.form_id)
    suffix = next(each for each in suffixes(world) if f"timeseries:{family}:" in each)
    damage(key(world, suffix))
    found = verify(world.form_id)
    assert found.damaged == (suffix,)
    assert [each.day for each in found.days] == [suffix.rpartition(":")[2]]
    done = repair(world.form_id)
    assert (done.remedy, done.after.is_exact) == (Remedy.COUNTERS, True)
    assert_exact(aggregator.current(), world, numbers())


@pytest.mark.parametrize("name", ["waiting", "taken", "generation", "generation:last", "rebuild"])
@pytest.mark.parametrize("damage", DAMAGES[:2])
def test_damaged_bookkeeping_ends_with_the_next_rebuild(world, damage, name):
    damage(key(world, name))
    world.submit()
    verify(world.form_id)
    repair(world.form_id, deep=True)
    tell(world, world.events[-1:])
    assert repair(world.form_id, deep=True).after.is_exact
    world.submit()
    tell(world, world.events[-1:])
    assert verify(world.form_id, deep=True).is_exact
    assert_exact(aggregator.current(), world, numbers())
