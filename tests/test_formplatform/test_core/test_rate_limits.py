import time

import pytest

from formplatform.core import rate_limits
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


def test_without_redis_what_was_handed_out_before_counts():
    limiter, limit = RateLimiter(), Limit(permits=1000, seconds=3600)
    assert taken(limiter, limit, 995) == 995

    with away("server"):
        assert taken(limiter, limit, 20) == 5


def test_an_outage_gives_every_process_the_limit_and_no_more():
    limit = Limit(permits=5, seconds=3600)
    first, second = RateLimiter(), RateLimiter()

    with away("server"):
        assert [taken(each, limit, 20) for each in (first, second)] == [5, 5]


def test_a_redis_that_is_back_is_asked_again(monkeypatch):
    monkeypatch.setattr(rate_limits, "AWAY_SECONDS", 0.05)
    limit = Limit(permits=5, seconds=3600)
    first, second = RateLimiter(), RateLimiter()
    with away("server"):
        assert taken(first, limit, 2) == 2
    time.sleep(0.06)

    assert taken(second, limit, 4) == 4
    assert taken(first, limit, 20) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_redis_that_hangs_holds_nobody_up(kind):
    with away(kind, silent=True):
        started = time.monotonic()
        assert taken(RateLimiter(), Limit(permits=5, seconds=3600), 200) == 5

    assert time.monotonic() - started < 20, "asked in vain again and again"
