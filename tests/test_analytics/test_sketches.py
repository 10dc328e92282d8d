"""Quantiles are within their error of the exact ones, whatever was edited and deleted."""

import math
import random
import sys
from collections import Counter

import pytest

from analytics import aggregator
from analytics.contributions import sketches
from analytics.rebuild import rebuild
from analytics.subscribers import count_responses
from tests.test_analytics.world import World

POINTS = (0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.999, 1)
ROUNDING = 1e-11
MAKERS = {
    "lognormal": lambda rng: rng.lognormvariate(3, 2),
    "both signs": lambda rng: rng.gauss(0, 100),
    "few and zero": lambda rng: rng.choice([0, 0, -1, 1, 2.5, -0.0, 1e-300, -1e300]),
    "whole": lambda rng: rng.randrange(-50, 50),
}


def exact(numbers, p):
    """The number of rank ⌊1 + p (n - 1)⌋, by sorting."""
    return sorted(numbers)[math.floor(1 + p * (len(numbers) - 1)) - 1]


def assert_close(found, true):
    assert abs(found - true) <= abs(true) * (sketches.ACCURACY + ROUNDING), (found, true)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("seed", range(5))
def test_a_sketch_is_within_its_error_after_any_additions_and_removals(make, seed):
    rng = random.Random(seed)
    numbers, counts = [], Counter()
    for step in range(1, 1500):
        if numbers and rng.random() < 0.4:
            gone = numbers.pop(rng.randrange(len(numbers)))
            counts[sketches.bucket_of(gone)] -= 1
        numbers.append(make(rng))
        counts[sketches.bucket_of(numbers[-1])] += 1
        if step % 100 == 0:
            for p in POINTS:
                assert_close(sketches.quantile(counts, p), exact(numbers, p))


@pytest.mark.parametrize(
    "number",
    [5e-324, sys.float_info.min, 1e-9, 1, 2**53 + 1, 2**63, 1e308, sys.float_info.max],
)
def test_the_ends_of_what_a_number_can_be_have_buckets(number):
    for each in (number, -number):
        assert_close(sketches.quantile({sketches.bucket_of(each): 3}, 0.5), each)


def test_of_nothing_there_is_no_quantile():
    assert sketches.quantile({}, 0.5) is None
    assert sketches.quantile({"p:3": 0, "z": 0}, 0.5) is None


@pytest.mark.parametrize("seed", range(2))
def test_quantiles_of_a_form_follow_its_edits_and_deletes(form_id, form_store, seed):
    world = World(form_id, form_store, seed)
    for _ in range(4):
        for _ in range(60):
            world.act()
        count_responses(world.events)
        for field in ("amount", "age", "score"):
            assert_field_is_close(world, field)
    rebuild(form_id)
    assert_field_is_close(world, "amount")


def assert_field_is_close(world, field):
    given = [each.data[field] for each in world.live() if each.data.get(field) is not None]
    summary = aggregator.current().get_field_summary(world.form_id, field)
    for p in POINTS:
        if summary.quantile_error:
            assert_close(summary.quantile(p), exact(given, p))
        else:
            assert summary.quantile(p) == exact(given, p)
    assert summary.quantile_error == (sketches.ACCURACY if field == "amount" else 0)


def test_quantiles_lie_between_the_extremes(form_id, form_store):
    world = World(form_id, form_store)
    world.submit(data={"amount": 7.25})
    count_responses(world.events)
    summary = aggregator.current().get_field_summary(form_id, "amount")
    assert [summary.quantile(p) for p in (0, 0.5, 1)] == [7.25] * 3


def test_a_field_without_numbers_has_no_quantiles(form_id, form_store):
    world = World(form_id, form_store)
    response = world.submit(data={"amount": 7.25, "department": "it"})
    count_responses(world.events)
    live = aggregator.current()
    assert live.get_field_summary(form_id, "department").quantile(0.5) is None
    world.delete(response)
    count_responses(world.events)
    assert live.get_field_summary(form_id, "amount").quantile(0.5) is None
