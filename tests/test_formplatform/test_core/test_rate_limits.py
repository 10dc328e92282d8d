import socket
import time

import redis

from formplatform.core import connections, rate_limits
from formplatform.core.rate_limits import Limit, RateLimiter


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


def test_without_redis_each_process_counts_for_itself(monkeypatch):
    dead = redis.Redis(unix_socket_path="/nonexistent/redis.sock")
    monkeypatch.setattr(rate_limits, "quick_numbers", lambda: dead)

    assert taken(RateLimiter(), Limit(permits=5, seconds=3600), 20) == 5


def test_a_redis_that_hangs_holds_nobody_up(settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/2"
        settings.REDIS_CLUSTER_NODES = []
        connections._client.cache_clear()
        started = time.monotonic()
        try:
            assert taken(RateLimiter(), Limit(permits=5, seconds=3600), 20) == 5
        finally:
            connections.quick_numbers().close()
            connections._client.cache_clear()

    assert time.monotonic() - started < 2
