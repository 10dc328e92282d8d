"""Intervals against published values and the equation they solve."""

import math

import pytest
from hypothesis import given, strategies as st

from analytics.statistics.shares import effective_size, normal_quantile, share_interval


@pytest.mark.parametrize(
    ("count", "base", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_published(count, base, low, high):
    found = share_interval(count, base)
    assert [round(end, 4) for end in found] == [low, high]


@given(st.integers(1, 10_000), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
def test_each_end_is_a_share_the_score_test_just_does_not_reject(base, data, level):
    count = data.draw(st.integers(0, base))
    for end in share_interval(count, base, level=level):
        assert 0 <= end <= 1
        if 0 < end < 1:
            score = abs(count / base - end) / math.sqrt(end * (1 - end) / base)
            assert math.isclose(score, normal_quantile(level), rel_tol=1e-6)


def test_equal_weights_are_worth_every_response():
    assert effective_size(total=10.0, squares=10.0) == 10
    assert effective_size(total=4.0, squares=10.0) == 1.6
