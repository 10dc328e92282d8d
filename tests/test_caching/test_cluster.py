import pytest
import redis
from django.core.cache import cache
from django.test import override_settings

from caching import redis_client
from caching.tags import bump
from tests.redis_away import caches_at

pytestmark = pytest.mark.processes


@pytest.fixture(autouse=True)
def on_the_cluster(redis_cluster):
    """Django's cache as the settings build it where REDIS_CLUSTER_NODES is given."""
    caches = caches_at(f"redis://{redis_cluster[0]}", of_a_cluster=True)
    with override_settings(REDIS_CLUSTER_NODES=redis_cluster, CACHES=caches):
        yield redis_client.shared_client()
        redis_client.shared_client().flushall(target_nodes=redis.RedisCluster.PRIMARIES)


def test_the_client_is_a_cluster_s_and_one_for_all(on_the_cluster):
    assert isinstance(on_the_cluster, redis.RedisCluster)
    assert redis_client.shared_client() is on_the_cluster
    assert len(on_the_cluster.get_primaries()) == 3


def test_django_s_cache_works_on_every_node():
    values = {f"key-{n}": {"n": n} for n in range(60)}
    cache.set_many(values)
    cache.set("counter", 1)
    cache.incr("counter", 4)

    assert cache.get_many([*values, "absent"]) == values
    assert cache.get_many([]) == {}
    assert (cache.get("counter"), cache.get("absent")) == (5, None)
    cache.delete_many(["key-0", "key-1"])
    assert len(cache.get_many(values)) == 58


def test_clearing_django_s_cache_leaves_other_keys_on_every_node(on_the_cluster):
    for n in range(30):
        on_the_cluster.set(f"form:{{{n}}}:stats", n)
        cache.set(f"key-{n}", n)

    cache.clear()

    assert cache.get_many([f"key-{n}" for n in range(30)]) == {}
    assert [on_the_cluster.get(f"form:{{{n}}}:stats") for n in range(30)] == [
        str(n).encode() for n in range(30)
    ]


def test_the_tiers_and_the_tags_work_across_slots(counted, other_process):
    function = counted(tags=lambda form_id: (f"form:{form_id}", "all-forms"))
    for form_id in range(20):
        function(form_id)
    with other_process():
        assert [function(form_id) for form_id in range(20)] == [[n] for n in range(20)]
    assert len(function.runs) == 20

    bump("form:7")
    function(7)
    function(8)
    assert len(function.runs) == 21

    bump("all-forms")
    for form_id in range(20):
        function(form_id)
    assert len(function.runs) == 41


def test_statistics_are_summed_on_a_cluster_too(counted):
    from caching.stats import shared_sums
    from caching.tiers import default_tiers

    function = counted()
    function(1)
    function(1)
    default_tiers().statistics.flush()

    assert shared_sums()[function.name] == {
        "l1_hit": 1,
        "l2_hit": 0,
        "miss": 1,
        "without_redis": 0,
    }
