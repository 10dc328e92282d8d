"""Counting is exact whatever happens to the events: duplicates, any order, crashes, two workers."""

import contextlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from redis.exceptions import ConnectionError as RedisConnectionError

from analytics import aggregator, metrics
from analytics.subscribers import count_responses, count_sessions
from formplatform.core import clock
from formplatform.core.connections import numbers
from formplatform.core.errors import UnavailableError
from formplatform.forms.events import ResponseSubmitted, SessionAdvanced
from tests.factories.forms import FormResponseFactory, SessionFactory
from tests.test_analytics.world import World, assert_exact, event_for


@pytest.fixture
def world(form_id, form_store):
    return World(form_id, form_store)


def deliver_at_random(events, rng, deliver=count_responses):
    """Every event at least once, many twice, in any order, in batches of any size."""
    shuffled = [*events, *rng.choices(events, k=len(events) // 2)]
    rng.shuffle(shuffled)
    while shuffled:
        size = rng.choice([1, 1, 2, 7, 40])
        batch, shuffled = shuffled[:size], shuffled[size:]
        deliver(batch)


def test_a_submitted_response_is_counted_once(world):
    world.submit()
    count_responses(world.events)
    count_responses(world.events * 3)
    assert aggregator.current().get_metrics(world.form_id)["total_responses"] == 1
    assert_exact(aggregator.current(), world, numbers())


def test_an_edit_takes_the_old_answers_back_and_a_delete_takes_all(world):
    response = world.submit(data={"age": 5, "department": "it", "tags": ["red", "blue"]})
    other = world.submit(data={"age": 7, "department": "it"})
    response = world.edit(response, data={"age": 6, "department": "hr"})
    count_responses(world.events)
    live = aggregator.current()
    assert live.get_field_distribution(world.form_id, "department") == {"it": 1, "hr": 1}
    assert live.get_field_distribution(world.form_id, "tags") == {}
    assert live.get_field_summary(world.form_id, "age").numbers.sum == 13
    world.delete(response)
    world.delete(other)
    count_responses(world.events[-2:])
    assert live.get_metrics(world.form_id)["total_responses"] == 0
    assert live.get_field_summary(world.form_id, "age").numbers is None
    assert_exact(live, world, numbers())


@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_changes_delivered_anyhow_come_to_an_exact_recount(world, seed):
    rng = world.random = random.Random(seed)
    for _ in range(6):
        for _ in range(125):
            world.act()
        told = [event for event in world.events if rng.random() < 0.6]
        deliver_at_random(told, rng)
    deliver_at_random(world.events, rng)
    assert len(world.events) == 750
    assert_exact(aggregator.current(), world, numbers())


def test_events_arriving_last_to_first_are_exact(world):
    response = world.submit()
    for _ in range(5):
        response = world.edit(response)
    world.delete(response)
    other = world.submit()
    world.edit(other)
    for event in reversed(world.events):
        count_responses([event])
    assert_exact(aggregator.current(), world, numbers())


def test_two_workers_may_count_the_same_events_at_once(transactional_db, world):
    for _ in range(300):
        world.act()

    def work(seed):
        deliver_at_random(world.events, random.Random(seed))
        connection.close()

    with ThreadPoolExecutor(3) as workers:
        list(workers.map(work, (1, 2, 3)))
    assert_exact(aggregator.current(), world, numbers())


@pytest.mark.processes
def test_a_redis_that_is_killed_again_and_again_neither_loses_nor_repeats(world, server, count_in):
    live = count_in(server.client())
    rng = random.Random(5)
    killings = iter([30, 60, 90, 120, 150])
    due = next(killings)
    delivered = 0

    def deliver(batch):
        nonlocal delivered, due
        delivered += len(batch)
        if due is not None and delivered >= due:
            due = next(killings, None)
            killer = threading.Timer(0.001 * rng.random(), server.kill)
            killer.start()
            with contextlib.suppress(RedisConnectionError, OSError):
                count_responses(batch)
            killer.join()
            server.start()
        count_responses(batch)

    for _ in range(250):
        world.act()
    deliver_at_random(world.events, rng, deliver)
    assert due is None, "every killing took place"
    assert_exact(live, world, server.client())


@pytest.mark.processes
def test_without_redis_the_batch_fails_and_is_counted_later(world, server, count_in):
    world.submit()
    live = count_in(server.client())
    server.kill()
    with pytest.raises(RedisConnectionError):
        count_responses(world.events)
    server.start()
    count_responses(world.events)
    assert_exact(live, world, server.client())


def test_a_response_that_cannot_be_read_yet_is_tried_again_later(world):
    unknown = FormResponseFactory(form_id=world.form_id)
    world.submit()
    with pytest.raises(UnavailableError):
        count_responses([*world.events, event_for(ResponseSubmitted, unknown)])
    assert aggregator.current().get_metrics(world.form_id)["total_responses"] == 0


def test_a_response_gone_for_days_is_given_up(world, caplog):
    past = clock.now().replace(year=2020)
    unknown = FormResponseFactory(form_id=world.form_id, submitted_at=past)
    world.submit()
    count_responses([*world.events, event_for(ResponseSubmitted, unknown)])
    assert aggregator.current().get_metrics(world.form_id)["total_responses"] == 1
    assert "nothing that is stored" in caplog.text


def advanced(session):
    return SessionAdvanced(
        id=f"evt_{session.id}_{session.revision}",
        occurred_at=clock.to_text(session.updated_at),
        form_id=session.form_id,
        session_id=session.id,
        revision=session.revision,
    )


def test_sessions_make_the_completion_rate_in_any_order_and_once_each(form_id, form_store):
    live = aggregator.current()
    assert live.get_metrics(form_id)["completion_rate"] is None
    sessions = [SessionFactory(form_id=form_id) for _ in range(5)]
    for session in sessions:
        form_store.merge_session(session)
    events = [advanced(session) for session in sessions]
    count_sessions(events)
    done = SessionFactory(form_id=form_id, submitted=True)
    form_store.merge_session(done)
    begun = SessionFactory(id=sessions[0].id, form_id=form_id, started_at=clock.now())
    form_store.merge_session(begun)
    count_sessions([advanced(begun), *events, advanced(done), advanced(begun)])
    metrics = live.get_metrics(form_id)
    assert metrics["sessions"] == {"viewed": 6, "started": 2, "submitted": 1}
    assert metrics["completion_rate"] == 0.5


def test_readers_see_what_a_worker_counted_before_it_died_once_its_message_comes_back(
    world, monkeypatch
):
    assert metrics.metrics_of(world.form_id)["total_responses"] == 0
    world.submit()

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(metrics, "bump", die)
        with pytest.raises(KeyboardInterrupt):
            count_responses(world.events)
    assert metrics.metrics_of(world.form_id)["total_responses"] == 0
    count_responses(world.events)
    assert metrics.metrics_of(world.form_id)["total_responses"] == 1
