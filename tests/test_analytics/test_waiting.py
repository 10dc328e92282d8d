"""Responses counted one by one wait in a text: whoever reads sees them, and none twice."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from redis.exceptions import TimeoutError as RedisTimeoutError

from analytics import aggregator, keys
from analytics.aggregator import FormAggregator
from analytics.keys import FormKeys
from analytics.numbers.generations import Generations
from analytics.numbers.waiting import MOST_BYTES
from analytics.proving.repair import Remedy, repair
from analytics.proving.verification import verify
from analytics.rebuild import rebuild
from analytics.subscribers import count_responses
from formplatform.core import clock
from formplatform.core.connections import numbers
from tests.test_analytics.world import World, assert_exact


@pytest.fixture
def world(form_id, form_store):
    return World(form_id, form_store)


@pytest.fixture
def impatient(monkeypatch):
    """Takes what waits when there are two or three of them."""
    monkeypatch.setattr("analytics.numbers.response_numbers.MOST_BYTES", 700)


def one_by_one(events):
    for event in events:
        count_responses([event])


def waiting(form_id):
    """The bytes that wait, and how often some were taken."""
    prefix = FormKeys(form_id).prefix
    text, taken = numbers().mget(prefix + keys.waiting(), prefix + keys.taken())
    return len(text or b""), int(taken or 0)


def counters(form_id):
    """Everything Redis holds of a form, but which revisions were counted."""
    found = {}
    root = FormKeys(form_id).root
    for key in numbers().scan_iter(match=f"{root}*"):
        name = key.decode().removeprefix(root)
        kind = numbers().type(key)
        if kind == b"hash" and not name.startswith("applied"):
            counts = numbers().hgetall(key)
            found[name] = {field: value for field, value in counts.items() if value != b"0"}
        elif name.endswith(keys.DISTINCT):
            found[name] = numbers().pfcount(key)
    return {name: value for name, value in found.items() if value}


def test_one_response_is_counted_by_three_commands_and_enters_the_counters_when_they_are_read(
    world,
):
    world.submit(data={"age": 7, "department": "it"})
    count_responses(world.events)
    length, taken = waiting(world.form_id)
    assert (length > 0, taken) == (True, 0)
    assert counters(world.form_id) == {}
    live = aggregator.current()
    assert live.find_total(world.form_id) == 1
    assert waiting(world.form_id) == (0, 1)
    assert live.get_field_distribution(world.form_id, "department") == {"it": 1}
    assert waiting(world.form_id) == (0, 1)
    assert_exact(live, world, numbers())


@pytest.mark.parametrize(
    "read",
    [
        lambda live, form_id: live.get_metrics(form_id)["total_responses"],
        lambda live, form_id: sum(live.days(form_id).values()),
        lambda live, form_id: live.get_field_summary(form_id, "age").answered,
        lambda live, form_id: sum(each["count"] for each in live.get_timeseries(form_id, "year")),
        lambda _, form_id: verify(form_id).counted,
        lambda _, form_id: verify(form_id, deep=True).counted,
    ],
)
def test_every_reader_sees_what_waits(world, read):
    for age in range(3):
        world.submit(data={"age": age}, submitted_at=clock.now())
    one_by_one(world.events)
    assert waiting(world.form_id)[0] > 0
    assert read(aggregator.current(), world.form_id) == 3
    assert waiting(world.form_id)[0] == 0


@pytest.mark.parametrize("seed", range(3))
def test_singly_in_groups_and_taken_at_any_moment_it_comes_to_the_same_counters(
    world, form_store, seed, impatient
):
    rng = world.random = random.Random(seed)
    live = aggregator.current()
    for _ in range(40):
        told = len(world.events)
        for _ in range(rng.choice([1, 1, 1, 5, 20])):
            world.act()
        news = world.events[told:]
        (one_by_one if rng.random() < 0.7 else count_responses)(news)
        if rng.random() < 0.2:
            live.find_total(world.form_id)
    live.find_total(world.form_id)
    assert waiting(world.form_id)[1] > 20
    assert verify(world.form_id, deep=True).keys == ()
    assert_exact(live, world, numbers())
    singly = counters(world.form_id)
    rebuild(world.form_id)
    again = counters(world.form_id)
    assert singly.keys() - again.keys() <= {"distinct_gone", "verified"}
    assert singly["timeseries:day"] == again["timeseries:day"]
    assert singly["fields"] == again["fields"]


def test_a_group_that_takes_back_what_waits_has_it_taken_first(world):
    some = [world.submit(data={"age": age}) for age in (3, 1, 9)]
    one_by_one(world.events)
    told = len(world.events)
    for response in some[1:]:
        world.edit(response, data={"age": 5})
    count_responses(world.events[told:])
    figures = aggregator.current().get_field_summary(world.form_id, "age").numbers
    assert (figures.count, figures.sum) == (3, 13)
    assert (figures.minimum_stale, figures.maximum_stale) == (True, True)
    assert_exact(aggregator.current(), world, numbers())


def test_edits_and_deletes_that_wait_leave_no_trace_of_what_they_took_back(world):
    response = world.submit(data={"age": 3, "email": "someone@example.org"})
    world.edit(response, data={"age": 4, "email": "other@example.org"})
    one_by_one(world.events)
    figures = aggregator.current().get_field_summary(world.form_id, "age").numbers
    assert (figures.count, figures.minimum, figures.maximum) == (1, 4, 4)
    assert (figures.minimum_stale, figures.maximum_stale) == (False, False)
    email = aggregator.current().get_field_summary(world.form_id, "email")
    assert (email.distinct, email.distinct_gone) == (1, 0)
    told = len(world.events)
    world.delete(world.live()[0])
    one_by_one(world.events[told:])
    assert_exact(aggregator.current(), world, numbers())


def test_the_text_is_taken_once_it_is_long_enough_and_then_begins_anew(world):
    live, lengths = aggregator.current(), []
    for number in range(1000):
        live.on_response_submitted(world.form_id, {"age": number, "note": "a word " * 9})
        lengths.append(waiting(world.form_id)[0])
    assert MOST_BYTES * 0.99 < max(lengths) <= MOST_BYTES
    assert waiting(world.form_id)[1] == lengths.count(0) > 0
    assert live.find_total(world.form_id) == 1000


def test_an_answer_json_has_no_word_for_is_counted_without_waiting(world):
    live = aggregator.current()
    live.on_response_submitted(world.form_id, {"age": 2**70, "department": "it"})
    assert waiting(world.form_id) == (0, 0)
    live.on_response_submitted(world.form_id, {"age": 12, "department": "it"})
    assert live.get_field_summary(world.form_id, "age").answered == 2
    assert live.get_field_distribution(world.form_id, "age") == {"12": 1}
    assert live.get_field_distribution(world.form_id, "department") == {"it": 2}


def test_readers_and_writers_at_once_take_every_response_once(transactional_db, world, impatient):
    for _ in range(150):
        world.act()
    form_id, done, seen = world.form_id, threading.Event(), []

    def write(events):
        one_by_one(events)
        connection.close()

    def read():
        live = FormAggregator(numbers())
        while not done.is_set():
            seen.append(live.find_total(form_id) or 0)
        connection.close()

    with ThreadPoolExecutor(5) as people:
        reading = [people.submit(read) for _ in range(2)]
        writing = [people.submit(write, world.events[n::3]) for n in range(3)]
        for each in writing:
            each.result()
        done.set()
        for each in reading:
            each.result()
    assert len(seen) > 10
    one_by_one(world.events)
    assert_exact(aggregator.current(), world, numbers())
    assert verify(form_id, deep=True).keys == ()


def test_a_rebuild_drops_what_waits_for_it_has_counted_it_itself(world):
    for _ in range(5):
        world.submit()
    one_by_one(world.events)
    assert waiting(world.form_id)[0] > 0
    rebuild(world.form_id)
    assert waiting(world.form_id) == (0, 0)
    one_by_one(world.events)
    assert_exact(aggregator.current(), world, numbers())


def test_what_comes_while_a_form_is_rebuilt_is_counted_there_too(world):
    world.submit()
    one_by_one(world.events)
    generations = Generations(numbers(), world.form_id)
    generation = generations.announce()
    told = len(world.events)
    world.edit(world.live()[0])
    world.submit()
    one_by_one(world.events[told:])
    assert generations.flip(generation)
    assert aggregator.current().find_total(world.form_id) == 2
    assert_exact(aggregator.current(), world, numbers())


def test_a_text_that_was_lost_is_found_and_mended(world):
    for _ in range(4):
        world.submit()
    one_by_one(world.events)
    revisions = {each.response_id: each.revision for each in world.events}
    world.store.mark_dispatched(revisions, at=clock.now())
    numbers().delete(FormKeys(world.form_id).prefix + keys.waiting())
    mended = repair(world.form_id)
    assert (mended.before.has_drifted, mended.before.counted) == (True, 0)
    assert (mended.remedy, mended.after.is_exact) == (Remedy.REBUILD, True)
    assert_exact(aggregator.current(), world, numbers())


@pytest.mark.processes
def test_a_connection_that_broke_is_no_answer_and_no_second_count(world, server, count_in):
    live, admin = count_in(server.client()), server.client()
    for number in range(1, 6):
        world.submit()
        admin.client_kill_filter(_type="normal", skipme=True)
        count_responses(world.events)
        assert live.find_total(world.form_id) == number
    assert_exact(live, world, admin)


@pytest.mark.processes
def test_an_answer_that_comes_too_late_is_not_taken_for_that_of_the_next_call(
    world, server, count_in
):
    client = server.client()
    client.connection_pool.connection_kwargs["socket_timeout"] = 0.3
    live = count_in(client)
    world.submit()
    count_responses(world.events)
    world.submit()
    server.pause()
    with pytest.raises(RedisTimeoutError):
        count_responses(world.events[-1:])
    server.go_on()
    other = world.submit()
    count_responses(world.events[-1:])
    world.edit(other)
    one_by_one(world.events)
    assert_exact(live, world, server.client())
