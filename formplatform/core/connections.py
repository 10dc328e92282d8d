"""Connections to Redis: lazy, pooled, one client per process."""

import os
from functools import cache
from typing import TypeAlias
from urllib.parse import parse_qs

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.retry import Retry

Numbers: TypeAlias = "redis.Redis | redis.RedisCluster"
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 10.0
QUICK_SECONDS = 0.25
"""What may hold up a request that does not need the answer."""
PROBE_SECONDS = 1.0
"""A probe must not hang with what it probes."""


def numbers() -> Numbers:
    """The Redis that keeps derived numbers: a single server, or the cluster where one is given."""
    return _client(os.getpid(), CONNECT_SECONDS, ANSWER_SECONDS, 1)


def quick_numbers() -> Numbers:
    """The same Redis for what a request can do without: gives up at once, and never again."""
    return _client(os.getpid(), QUICK_SECONDS, QUICK_SECONDS, 0)


@cache
def _client(_process: int, connect: float, answer: float, retries: int) -> Numbers:
    """One client per process, so that a fork never shares a socket."""
    if settings.REDIS_CLUSTER_NODES:
        return redis.RedisCluster(
            startup_nodes=cluster_nodes(),
            password=settings.REDIS_PASSWORD,
            socket_connect_timeout=connect,
            socket_timeout=answer,
        )
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=connect,
        socket_timeout=answer,
        retry=Retry(NoBackoff(), retries),  # a broken connection once more, a dead server at once
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
    """Raises RedisError where it does not answer in a second."""
    if settings.REDIS_CLUSTER_NODES:
        numbers().ping()
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
