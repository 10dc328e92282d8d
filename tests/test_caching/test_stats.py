import json
from io import StringIO

import pytest
from django.core.management import call_command
from prometheus_client import REGISTRY

from caching.stats import Outcome, Statistics, shared_sums
from caching.tiers import default_tiers


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def sample(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_every_answer_is_counted_for_prometheus(counted, other_process, redis_down):
    function = counted(tags=("form:1",))
    function(1)
    function(1)
    with other_process():
        function(1)
    with redis_down():
        function(1)

    name = function.name
    assert sample("cache_hits_total", tier="l1", function=name) == 1
    assert sample("cache_hits_total", tier="l2", function=name) == 1
    assert sample("cache_misses_total", function=name, reason="miss") == 1
    assert sample("cache_misses_total", function=name, reason="without_redis") == 1


def test_counts_reach_the_shared_sums_after_some_seconds():
    clock = Clock()
    statistics = Statistics(clock=clock)
    statistics.record("f", Outcome.MISS)
    statistics.record("f", Outcome.L1_HIT)
    assert shared_sums() == {}

    clock.now = 2.0
    statistics.record("f", Outcome.L1_HIT)

    assert shared_sums() == {"f": {"l1_hit": 2, "l2_hit": 0, "miss": 1, "without_redis": 0}}


def test_processes_add_up():
    for _ in range(2):
        statistics = Statistics()
        statistics.record("a|b", Outcome.L2_HIT)
        statistics.flush()
        statistics.flush()

    assert shared_sums()["a|b"]["l2_hit"] == 2


def test_counts_wait_while_redis_is_away(redis_down):
    statistics = Statistics()
    with redis_down():
        statistics.record("f", Outcome.WITHOUT_REDIS)
        statistics.flush()

    statistics.flush()

    assert shared_sums()["f"]["without_redis"] == 1


@pytest.fixture
def used(counted):
    function = counted(ttl=60)
    function(1)
    function(1)
    function(1)
    return function


def test_the_command_shows_every_function(used):
    out = StringIO()
    call_command("cache_stats", stdout=out)

    (line,) = [row for row in out.getvalue().splitlines() if used.name in row]
    assert line.split() == [used.name, "2", "0", "1", "66.7%"]


def test_the_command_speaks_json(used):
    out = StringIO()
    call_command("cache_stats", "--json", stdout=out)

    overview = json.loads(out.getvalue())
    (found,) = [f for f in overview["functions"] if f["name"] == used.name]
    assert (overview["entries"], overview["redis_answers"]) == (1, True)
    assert overview["bytes"] == default_tiers().l1.bytes > 0
    assert found["hit_ratio"] == 0.6667


def test_the_command_works_without_redis(used, redis_down):
    out = StringIO()
    with redis_down():
        call_command("cache_stats", stdout=out)

    assert "does not answer" in out.getvalue()
