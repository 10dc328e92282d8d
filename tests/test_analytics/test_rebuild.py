"""A rebuild counts beside the live numbers and loses nothing that happens meanwhile."""

import io
import json
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from analytics import aggregator, counting, rebuild as rebuilding
from analytics.numbers.generations import Generations
from analytics.proving.verification import DayDifference, verify
from analytics.rebuild import rebuild
from analytics.subscribers import count_responses, count_sessions
from formplatform.core import clock
from formplatform.core.connections import numbers
from formplatform.core.errors import ConflictError
from tests.factories.forms import FormFactory, SessionFactory
from tests.test_analytics.test_counting import advanced
from tests.test_analytics.world import World, assert_exact


@pytest.fixture
def world(form_id, form_store):
    world = World(form_id, form_store)
    for _ in range(80):
        world.act()
    return world


def keys_of(form_id):
    return {key.decode() for key in numbers().scan_iter(f"form:{{{form_id}}}:*")}


def test_a_rebuild_counts_what_redis_never_heard_of(world):
    done = rebuild(world.form_id)
    assert done.responses == len(world.live())
    assert done.generation == 1
    assert_exact(aggregator.current(), world, numbers())


def test_a_rebuild_replaces_wrong_numbers_and_forgets_every_wrong_key(world):
    count_responses(world.events)
    root = f"form:{{{world.form_id}}}:"
    numbers().hincrby(f"{root}stats", "total_responses", 5)
    numbers().hincrby(f"{root}timeseries:day", "1999-01-01", 3)
    numbers().hset(f"{root}timeseries:quarter_hour:1999-01-01", "4", 3)
    numbers().hset(f"{root}field:department:dist", "it", 10_000)
    rebuild(world.form_id)
    assert_exact(aggregator.current(), world, numbers())
    assert f"{root}timeseries:quarter_hour:1999-01-01" not in keys_of(world.form_id)


def test_what_was_counted_before_a_rebuild_is_not_counted_after_it(world):
    rebuild(world.form_id)
    count_responses(world.events)
    assert_exact(aggregator.current(), world, numbers())


def test_changes_during_a_rebuild_are_in_both_generations(world, monkeypatch):
    count_responses(world.events)
    already = len(world.events)
    scan = type(world.store).scan_responses

    def scan_while_others_work(store, form_id, *, batch):
        assert batch > 10
        for few in scan(store, form_id, batch=10):
            for _ in range(5):
                world.act()
            count_responses(world.events[-3:])
            yield few
            for _ in range(5):
                world.act()
            count_responses(world.events[-8:])

    monkeypatch.setattr(type(world.store), "scan_responses", scan_while_others_work)
    rebuild(world.form_id)
    assert len(world.events) > already + 40
    count_responses(world.events)
    assert_exact(aggregator.current(), world, numbers())


def test_the_live_numbers_stand_still_until_the_flip(world, monkeypatch):
    count_responses(world.events)
    before = aggregator.current().get_metrics(world.form_id)
    settle = counting.settle
    seen = []

    def watch(pending):
        settle(pending)
        seen.append(aggregator.current().get_metrics(world.form_id))

    monkeypatch.setattr(rebuilding, "settle", watch)
    rebuild(world.form_id)
    assert seen == [before]


def test_a_rebuild_that_dies_changes_nothing_and_the_next_one_clears_up(world, monkeypatch):
    count_responses(world.events)
    before = keys_of(world.form_id)

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rebuilding, "_show_life", die)
        with pytest.raises(KeyboardInterrupt):
            rebuild(world.form_id)
    assert before < keys_of(world.form_id)
    world.act()
    count_responses(world.events[-1:])
    assert_exact(aggregator.current(), world, numbers())
    done = rebuild(world.form_id)
    assert done.generation == 2
    assert_exact(aggregator.current(), world, numbers())
    assert not any("shadow" in key or ":applied:0:" in key for key in keys_of(world.form_id))
    assert not any(":applied:1:" in key for key in keys_of(world.form_id))


def test_of_two_rebuilds_the_older_gives_way(world, monkeypatch):
    count_responses(world.events)
    settle = counting.settle

    def be_overtaken(pending):
        settle(pending)
        Generations(numbers(), world.form_id).announce()

    with monkeypatch.context() as patch:
        patch.setattr(rebuilding, "settle", be_overtaken)
        with pytest.raises(ConflictError):
            rebuild(world.form_id)
    assert Generations(numbers(), world.form_id).live == 0
    assert_exact(aggregator.current(), world, numbers())


def test_a_rebuild_whose_time_ran_out_is_not_put_in_place(world):
    count_responses(world.events)
    generations = Generations(numbers(), world.form_id)
    generation = generations.announce()
    numbers().delete(f"form:{{{world.form_id}}}:rebuild")
    assert not generations.flip(generation)
    assert_exact(aggregator.current(), world, numbers())


def test_sessions_are_rebuilt_too(form_id, form_store):
    done = SessionFactory(form_id=form_id, submitted=True)
    form_store.merge_session(done)
    count_sessions([advanced(done)])
    rebuild(form_id)
    count_sessions([advanced(done)])
    numbers().delete(f"form:{{{form_id}}}:sessions")
    rebuild(form_id)
    sessions = aggregator.current().get_metrics(form_id)["sessions"]
    assert sessions == {"viewed": 1, "started": 1, "submitted": 1}


def test_sessions_that_move_on_during_a_rebuild_are_in_both_generations(
    form_id, form_store, monkeypatch
):
    first = SessionFactory(form_id=form_id)
    form_store.merge_session(first)
    count_sessions([advanced(first)])
    scan = type(form_store).scan_sessions

    def scan_while_others_work(store, form_id):
        for batch in scan(store, form_id):
            store.merge_session(replace(first, submitted_at=first.viewed_at))
            late = store.merge_session(SessionFactory(form_id=form_id))
            count_sessions([advanced(late), advanced(first)])
            yield batch

    monkeypatch.setattr(type(form_store), "scan_sessions", scan_while_others_work)
    rebuild(form_id)
    sessions = aggregator.current().get_metrics(form_id)["sessions"]
    assert sessions == {"viewed": 2, "started": 1, "submitted": 1}


def test_verifying_names_every_day_that_differs(world):
    count_responses(world.events)
    assert verify(world.form_id).is_exact
    day, count = min(aggregator.current().days(world.form_id).items())
    root = f"form:{{{world.form_id}}}:"
    numbers().hincrby(f"{root}timeseries:day", day, -2)
    numbers().hincrby(f"{root}timeseries:day", "1999-01-01", 1)
    found = verify(world.form_id)
    assert not found.is_exact
    wrong = (
        DayDifference("1999-01-01", 0, 1, quarter_hours_differ=True),
        DayDifference(day, count, count - 2, quarter_hours_differ=True),
    )
    assert found.days == wrong


def test_the_commands_verify_and_mend(form_store, world):
    form_store.insert_form(FormFactory(id=world.form_id))
    total = len(world.live())
    out = io.StringIO()
    call_command("verify_metrics", world.form_id, stdout=out, stderr=io.StringIO())
    assert f"{world.form_id}: {total} stored, 0 counted: being counted" in out.getvalue()
    revisions = {each.id: each.revision for each in world.responses.values()}
    form_store.mark_dispatched(revisions, at=clock.now())
    with pytest.raises(CommandError, match="1 form"):
        call_command("verify_metrics", world.form_id, stdout=out)
    assert f"{world.form_id}: {total} stored, 0 counted: DIFFERS" in out.getvalue()
    call_command("rebuild_metrics", "--all", stdout=out, stderr=io.StringIO())
    assert f"{total} responses and 0 sessions counted" in out.getvalue()
    call_command("verify_metrics", "--all", stdout=out)
    assert f"{world.form_id}: {total} stored, {total} counted: exact" in out.getvalue()


def test_a_program_reads_what_was_rebuilt_as_json(form_store, world):
    form_store.insert_form(FormFactory(id=world.form_id))
    out = io.StringIO()

    call_command(
        "rebuild_metrics", world.form_id, "--format", "json", stdout=out, stderr=io.StringIO()
    )

    total = len(world.live())
    (body,) = json.loads(out.getvalue())
    assert body == {
        "form_id": world.form_id,
        "generation": body["generation"],
        "responses": total,
        "sessions": 0,
        "removed_keys": 0,
    }


def test_a_command_refuses_a_form_that_is_not_there(form_id):
    with pytest.raises(CommandError, match="There is no form"):
        call_command("rebuild_metrics", form_id)
    assert keys_of(form_id) == set()
