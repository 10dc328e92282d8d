"""One by one or many in a call: what is counted comes to the same, and to what a recount says."""

import pytest

from analytics import aggregator
from analytics.proving.verification import verify
from analytics.subscribers import count_responses
from formplatform.core.connections import numbers
from tests.test_analytics.world import World, assert_exact


@pytest.fixture
def world(form_id, form_store):
    return World(form_id, form_store)


def one_by_one(events):
    for event in events:
        count_responses([event])


@pytest.mark.parametrize("count", [one_by_one, count_responses])
def test_however_many_go_into_a_call_a_recount_finds_every_counter_as_it_is(world, count):
    for _ in range(120):
        world.act()
    count(world.events)
    assert verify(world.form_id, deep=True).keys == ()
    assert_exact(aggregator.current(), world, numbers())


@pytest.mark.parametrize("count", [one_by_one, count_responses])
def test_values_beyond_the_cap_share_a_count_and_their_sum_stays_exact(world, count):
    responses = [world.submit(data={"age": age}) for age in range(450)]
    count(world.events)
    summary = aggregator.current().get_field_summary(world.form_id, "age")
    assert (len(summary.values), summary.other) == (200, 250)
    assert set(summary.values.values()) == {1}
    assert (summary.numbers.count, summary.numbers.sum) == (450, sum(range(450)))
    assert verify(world.form_id, deep=True).keys == ()
    told = len(world.events)
    for response in responses[100:]:
        world.delete(response)
    count(world.events[told:])
    summary = aggregator.current().get_field_summary(world.form_id, "age")
    assert (len(summary.values), summary.other) == (100, 0)
    assert summary.numbers.sum == sum(range(100))


@pytest.mark.parametrize("count", [one_by_one, count_responses])
def test_a_control_character_in_an_answer_parts_nothing(world, count):
    first = world.submit(data={"department": "a\x1fb", "tags": ["\x1f", "red"]})
    world.submit(data={"department": "a\x1fb\x1f"})
    count(world.events)
    live = aggregator.current()
    assert live.get_field_distribution(world.form_id, "department") == {"a�b": 1, "a�b�": 1}
    assert live.get_field_distribution(world.form_id, "tags") == {"�": 1, "red": 1}
    assert verify(world.form_id, deep=True).keys == ()
    world.delete(first)
    count(world.events[-1:])
    assert live.get_field_distribution(world.form_id, "department") == {"a�b�": 1}
    assert live.get_field_distribution(world.form_id, "tags") == {}


@pytest.mark.parametrize("count", [one_by_one, count_responses])
def test_answers_of_another_kind_than_their_field_count_as_answered_only(world, count):
    odd = {"department": 5, "tags": ["red", 7], "age": True, "amount": "3", "member": 1, "care": []}
    world.submit(data=odd)
    world.submit(data={"age": 5.0, "department": "it", "tags": ["red", "red"]})
    count(world.events)
    live = aggregator.current()
    for field in odd:
        summary = live.get_field_summary(world.form_id, field)
        assert summary.answered == (2 if field in ("department", "tags", "age") else 1), field
    assert live.get_field_distribution(world.form_id, "age") == {"5": 1}
    assert live.get_field_distribution(world.form_id, "department") == {"it": 1}
    assert live.get_field_distribution(world.form_id, "tags") == {"red": 1}
    assert live.get_field_summary(world.form_id, "amount").numbers is None
    assert verify(world.form_id, deep=True).keys == ()
