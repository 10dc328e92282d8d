"""Redis keeps no numbers of forms that were deleted, nor what dead rebuilds left."""

from datetime import timedelta

import pytest

from analytics import aggregator
from analytics.numbers.generations import Generations
from analytics.rebuild import count_into
from analytics.subscribers import count_responses, count_sessions
from analytics.tasks import remove_leftovers
from formplatform.core import clock
from formplatform.core.connections import numbers
from formplatform.forms.ids import new_id
from tests.factories.forms import FormFactory, SessionFactory
from tests.test_analytics import study
from tests.test_analytics.session_world import advanced
from tests.test_analytics.world import World, assert_exact


@pytest.fixture
def counted(form_store):
    """Makes forms with numbers, of responses that wait and of sessions too."""

    def make(*, deleted=None, is_stored=True):
        form_id = new_id()
        if is_stored:
            deleted_at = None if deleted is None else clock.now() - deleted
            form_store.insert_form(FormFactory(id=form_id, deleted_at=deleted_at))
        form_store.insert_version(study.version(form_id))
        world = World(form_id, form_store)
        for _ in range(20):
            world.submit()
        count_responses(world.events)
        count_responses([world.events[0]])
        session = form_store.merge_session(SessionFactory(form_id=form_id))
        count_sessions([advanced(session)])
        world.submit()
        count_responses(world.events[-1:])
        return world

    return make


def keys_of(world):
    return sorted(numbers().scan_iter(f"form:{{{world.form_id}}}:*"))


def test_the_numbers_of_a_form_that_was_deleted_a_day_ago_go(counted):
    gone = counted(deleted=timedelta(days=1, seconds=1))
    others = [counted(), counted(deleted=timedelta(hours=23)), counted(is_stored=False)]
    before = [keys_of(each) for each in others]
    assert len(keys_of(gone)) > 10
    remove_leftovers()
    assert keys_of(gone) == []
    assert [keys_of(each) for each in others] == before
    for each in others:
        assert_exact(aggregator.current(), each, numbers())


def test_what_is_told_of_a_deleted_form_later_goes_with_the_next_turn(counted):
    gone = counted(deleted=timedelta(days=2))
    remove_leftovers()
    gone.submit()
    count_responses(gone.events[-1:])
    assert keys_of(gone) != []
    remove_leftovers()
    assert keys_of(gone) == []


def test_what_a_dead_rebuild_left_goes_and_a_running_one_keeps_its_own(counted):
    dead, running = counted(), counted()
    before, left = keys_of(dead), {}
    for world in (dead, running):
        generations = Generations(numbers(), world.form_id)
        count_into(world.form_id, generations, generations.announce())
        left[world.form_id] = keys_of(world)
    numbers().delete(f"form:{{{dead.form_id}}}:rebuild")  # as its time runs out
    remove_leftovers()
    assert [key for key in keys_of(dead) if key not in before] == [last_generation(dead)]
    assert keys_of(running) == left[running.form_id]
    assert Generations(numbers(), running.form_id).flip(1)
    for world in (dead, running):
        assert_exact(aggregator.current(), world, numbers())


def last_generation(world):
    return f"form:{{{world.form_id}}}:generation:last".encode()
