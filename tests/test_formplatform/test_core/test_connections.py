"""A cluster that dies under a client that knew it alive."""

import pytest

from formplatform.core.connections import REDIS_OUTAGES, numbers, ping_numbers, quick_numbers
from tests.redis_away import other_clients
from tests.redis_cluster import running_cluster

pytestmark = pytest.mark.processes


@pytest.fixture
def doomed_cluster(settings):
    """A cluster of this test's own: its processes."""
    with running_cluster() as (nodes, servers):
        settings.REDIS_CLUSTER_NODES = nodes
        with other_clients():
            yield servers


def kill(servers):
    for server in servers:
        server.kill()
        server.wait(60)


def keys_refused(client):
    """How many of a hundred keys cannot be written because a node is away."""
    refused = 0
    for number in range(100):
        try:
            client().set(f"key-{number}", 1)
        except REDIS_OUTAGES:
            refused += 1
    return refused


@pytest.mark.parametrize("client", [numbers, quick_numbers])
def test_a_cluster_that_lost_a_node_is_away_for_that_node_s_keys(doomed_cluster, client):
    assert keys_refused(client) == 0
    ping_numbers()

    kill(doomed_cluster[:1])

    assert keys_refused(client) > 20
    with pytest.raises(REDIS_OUTAGES):
        ping_numbers()


def test_a_cluster_that_died_is_away_for_every_key(doomed_cluster):
    assert keys_refused(numbers) == 0

    kill(doomed_cluster)

    assert keys_refused(numbers) == 100
    with pytest.raises(REDIS_OUTAGES):
        ping_numbers()
