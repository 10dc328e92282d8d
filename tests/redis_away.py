"""Redis that is away, as each kind of deployment meets it: it refuses, or it never answers."""

import contextlib
import socket

from django.conf import settings
from django.test import override_settings

from formplatform.core import connections

KINDS = ("server", "cluster")
HOST = "127.0.0.1"
CLUSTER_FACTORY = "caching.redis_client.ClusterConnectionFactory"


@contextlib.contextmanager
def away(kind, *, silent=False):
    """This process finds its Redis, of whichever kind, and its broker away.

    `silent`: the connection is taken and never answered.
    """
    with held_ports(3 if kind == "cluster" else 1, silent=silent) as ports:
        nodes = [f"{HOST}:{port}" for port in ports]
        url = f"redis://{nodes[0]}"
        changed = {
            "REDIS_URL": f"{url}/2",
            "REDIS_CLUSTER_NODES": nodes if kind == "cluster" else [],
            "CELERY_BROKER_URL": f"{url}/0",
            "CACHES": caches_at(f"{url}/2", of_a_cluster=kind == "cluster"),
        }
        with override_settings(**changed), other_clients():
            yield nodes


@contextlib.contextmanager
def held_ports(count, *, silent=False):
    """Ports that refuse connections, or take them in silence; nobody else gets them meanwhile."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.socket()) for _ in range(count)]
        for server in servers:
            server.bind((HOST, 0))
            if silent:
                server.listen()
        yield [server.getsockname()[1] for server in servers]


@contextlib.contextmanager
def other_clients():
    """Clients are kept per process: the block gets new ones, and so does what comes after it."""
    connections._client.cache_clear()
    connections._broker_client.cache_clear()
    try:
        yield
    finally:
        connections._client.cache_clear()
        connections._broker_client.cache_clear()


def caches_at(url, *, of_a_cluster):
    """Django's cache as the settings build it for this Redis."""
    default = settings.CACHES["default"]
    options = {k: v for k, v in default["OPTIONS"].items() if k != "CONNECTION_FACTORY"}
    if of_a_cluster:
        options["CONNECTION_FACTORY"] = CLUSTER_FACTORY
    return {"default": {**default, "LOCATION": url, "OPTIONS": options}}
