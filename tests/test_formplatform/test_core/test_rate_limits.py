import time

import pytest

from formplatform.core.rate_limits import Limit, RateLimiter
from tests.redis_away import KINDS, away


def taken(limiter: RateLimiter, limit: Limit, times: int) -> int:
    return sum(limiter.take("read", "key-1", limit) == 0 for _ in range(times))


def test_a_small_limit_is_exact():
    limit = Limit(permits=5, seconds=3600)

    assert taken(RateLimiter(), limit, 20) == 5


def test_processes_together_never_exceed_the_limit():
    limit = Limit(permits=1000, seconds=3600)
    first, second = RateLimiter(), RateLimiter()

    granted = sum(taken(limiter, limit, 1) for _ in range(900) for limiter in (first, second))

    assert limit.lease == 10
    assert 1000 - limit.lease <= granted <= 1000


def test_callers_are_counted_apart():
    limiter, limit = RateLimiter(), Limit(permits=1, seconds=3600)
    limiter.take("read", "key-1", limit)

    assert limiter.take("read", "key-2", limit) == 0
    assert limiter.take("write", "key-1", limit) == 0


def test_a_refusal_says_how_long_to_wait():
    limiter, limit = RateLimiter(), Limit(permits=1, seconds=3600)
    limiter.take("read", "key-1", limit)

    assert 1 <= limiter.take("read", "key-1", limit) <= 3600


@pytest.mark.parametrize("kind", KINDS)
def test_without_redis_each_process_counts_for_itself(kind):
    with away(kind):
        assert taken(RateLimiter(), Limit(permits=5, seconds=3600), 20) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_a_redis_that_hangs_holds_nobody_up(kind):
    with away(kind, silent=True):
        started = time.monotonic()
        assert taken(RateLimiter(), Limit(permits=5, seconds=3600), 20) == 5

    assert time.monotonic() - started < 2
