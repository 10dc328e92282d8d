"""How Django's cache reaches Redis: a single server or a cluster, and never more than its own keys.

django-redis cannot speak to a Redis Cluster, and its `clear()` empties the whole database, the
derived numbers included. Both are mended here; everything else is django-redis as it is.
"""

import os
from collections.abc import Collection
from functools import cache
from typing import Any, TypeAlias

import redis
from django.conf import settings
from django_redis import get_redis_connection
from django_redis.client import DefaultClient
from django_redis.pool import ConnectionFactory
from redis.backoff import NoBackoff
from redis.retry import Retry

from formplatform.core.connections import REDIS_ERRORS, cluster_nodes

Client: TypeAlias = "redis.Redis | redis.RedisCluster"

CACHE_ERRORS = (*REDIS_ERRORS, OSError)
"""Whatever a Redis client raises while its server is away, full, loading or failing over."""

_CLEAR_BATCH = 1000


def shared_client() -> Client:
    """The client of Django's default cache, for commands Django has no words for."""
    client: Client = get_redis_connection("default")
    return client


def read_many(client: Client, names: Collection[str]) -> list[bytes | None]:
    """The values of several keys: one round trip on a server, one per slot on a cluster."""
    if isinstance(client, redis.RedisCluster):
        return list(client.mget_nonatomic(list(names)))
    return list(client.mget(list(names)))  # type: ignore[arg-type]  # the stub allows for asyncio


class CacheClient(DefaultClient):  # type: ignore[misc]  # untyped
    """django-redis's client, at home on a cluster and careful when it clears."""

    def get_many(
        self, keys: Collection[str], version: int | None = None, client: Any = None
    ) -> dict[str, Any]:
        connection = client or self.get_client(write=False)
        if not isinstance(connection, redis.RedisCluster):
            found: dict[str, Any] = super().get_many(keys, version=version, client=client)
            return found
        wanted = {self.make_key(key, version=version): key for key in keys}
        values = read_many(connection, list(wanted)) if wanted else []
        pairs = zip(wanted.values(), values, strict=True)
        return {key: self.decode(value) for key, value in pairs if value is not None}

    def clear(self, client: Any = None) -> None:
        """Delete this cache's own keys: numbers and queues live in the same Redis."""
        self.delete_pattern("*", itersize=_CLEAR_BATCH, client=client)


class ClusterConnectionFactory(ConnectionFactory):  # type: ignore[misc]  # untyped
    """Gives every cache the one cluster client of this process; it knows all nodes by itself."""

    def connect(self, url: str) -> Any:  # noqa: ARG002 - the settings name the nodes
        nodes = tuple(settings.REDIS_CLUSTER_NODES)
        return _cluster_client(os.getpid(), nodes, float(self.options["SOCKET_TIMEOUT"]))

    def disconnect(self, connection: Any) -> None:
        """The client is shared, so nobody closes it alone."""


@cache
def _cluster_client(_process: int, _nodes: tuple[str, ...], seconds: float) -> "redis.RedisCluster":
    return redis.RedisCluster(
        startup_nodes=cluster_nodes(),
        password=settings.REDIS_PASSWORD,
        socket_connect_timeout=seconds,
        socket_timeout=seconds,
        retry=Retry(NoBackoff(), 1),
    )
