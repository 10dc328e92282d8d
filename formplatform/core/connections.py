"""Connections to Redis: lazy, pooled, one client per process."""

import os
from functools import cache
from typing import TypeAlias
from urllib.parse import parse_qs

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.exceptions import ClusterError, RedisClusterException
from redis.retry import Retry

Numbers: TypeAlias = "redis.Redis | redis.RedisCluster"
REDIS_ERRORS = (redis.RedisError, RedisClusterException)
"""Whatever a client raises: for a cluster that cannot be reached it is no RedisError."""
REDIS_OUTAGES = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.ReadOnlyError,
    ClusterError,
    RedisClusterException,
)
"""Those that speak of the server, not of what it was asked.

redis-py calls a misuse of a cluster a RedisClusterException too: the suite on a cluster shows it.
"""
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 10.0
QUICK_SECONDS = 0.25
"""What may hold up a request that does not need the answer."""
READING_SECONDS = 2.0
"""What may hold up a request that is about the answer: longer, and threads run out."""
PROBE_SECONDS = 1.0
"""A probe must not hang with what it probes."""


def numbers() -> Numbers:
    """The Redis that keeps derived numbers: a single server, or the cluster where one is given."""
    return _client(os.getpid(), CONNECT_SECONDS, ANSWER_SECONDS, 1)


def quick_numbers() -> Numbers:
    """The same Redis for what a request can do without: gives up at once, and never again."""
    return _client(os.getpid(), QUICK_SECONDS, QUICK_SECONDS, 0)


def reading_numbers() -> Numbers:
    """The same Redis for requests that show numbers: gives up before threads run out."""
    return _client(os.getpid(), READING_SECONDS, READING_SECONDS, 0)


@cache
def _client(_process: int, connect: float, answer: float, retries: int) -> Numbers:
    """One client per process, so that a fork never shares a socket."""
    # A broken connection once more; a server that is dead or hangs at once.
    again = Retry(NoBackoff(), retries, supported_errors=(redis.ConnectionError,))
    if settings.REDIS_CLUSTER_NODES:
        return redis.RedisCluster(
            startup_nodes=cluster_nodes(),
            password=settings.REDIS_PASSWORD,
            socket_connect_timeout=connect,
            socket_timeout=answer,
            retry=again,
        )
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=connect, socket_timeout=answer, retry=again
    )


def broker() -> redis.Redis:
    """The plain Redis that carries Celery's messages."""
    return _broker_client(os.getpid())


@cache
def _broker_client(_process: int) -> redis.Redis:
    return redis.Redis.from_url(
        _plain_url(settings.CELERY_BROKER_URL),
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
    )


def ping_numbers() -> None:
    """Raises one of REDIS_ERRORS where it does not answer in about a second."""
    if settings.REDIS_CLUSTER_NODES:
        _ping_cluster()
    else:
        _ping(settings.REDIS_URL)


def ping_broker() -> None:
    """Raises RedisError where it does not answer in a second."""
    _ping(_plain_url(settings.CELERY_BROKER_URL))


def _ping(url: str) -> None:
    once = Retry(NoBackoff(), 0)
    with redis.Redis.from_url(
        url, socket_connect_timeout=PROBE_SECONDS, socket_timeout=PROBE_SECONDS, retry=once
    ) as client:
        client.ping()


def _ping_cluster() -> None:
    """Every node, through a client of its own: one that hangs must not outlast the probe."""
    nodes = cluster_nodes()
    seconds = PROBE_SECONDS / len(nodes)
    with redis.RedisCluster(
        startup_nodes=nodes,
        password=settings.REDIS_PASSWORD,
        socket_connect_timeout=seconds,
        socket_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        client.ping(target_nodes=redis.RedisCluster.PRIMARIES)


def _plain_url(url: str) -> str:
    """Celery's spelling of a unix socket in redis-py's."""
    path, _, options = url.removeprefix("redis+socket://").partition("?")
    database = parse_qs(options).get("virtual_host", ["0"])[0]
    return f"unix://{path}?db={database}" if url.startswith("redis+socket://") else url


def cluster_nodes() -> list[ClusterNode]:
    """Where to start: any node names the others."""
    pairs = (node.rpartition(":") for node in settings.REDIS_CLUSTER_NODES)
    return [
        ClusterNode(host, int(port))  # type: ignore[no-untyped-call]  # redis-py's own gap
        for host, _, port in pairs
    ]
