"""Connections to Redis: lazy, pooled, one client per process."""

import os
from functools import cache
from typing import TypeAlias

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.retry import Retry

Numbers: TypeAlias = "redis.Redis | redis.RedisCluster"
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 10.0


def numbers() -> Numbers:
    """The Redis that keeps derived numbers: a single server, or the cluster where one is given."""
    return _client(os.getpid())


@cache
def _client(_process: int) -> Numbers:
    """One client per process, so that a fork never shares a socket."""
    if settings.REDIS_CLUSTER_NODES:
        return redis.RedisCluster(
            startup_nodes=cluster_nodes(),
            password=settings.REDIS_PASSWORD,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
        )
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 1),  # a broken connection once more, a dead server at once
    )


def cluster_nodes() -> list[ClusterNode]:
    """Where to start: any node names the others."""
    pairs = (node.rpartition(":") for node in settings.REDIS_CLUSTER_NODES)
    return [
        ClusterNode(host, int(port))  # type: ignore[no-untyped-call]  # redis-py's own gap
        for host, _, port in pairs
    ]
