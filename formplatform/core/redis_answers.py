"""What a Redis must answer before it may keep our numbers."""

import os
import secrets
from contextlib import suppress
from functools import cache
from typing import Any

import redis

from .connections import REDIS_OUTAGES, numbers
from .errors import UnavailableError
from .known_answers import KnownAnswer, check_answers

LIBRARY = """#!lua name={name}
redis.register_function('{name}', function(keys, args)
  redis.call('HSET', keys[1], 'called', args[1])
  redis.call('HINCRBY', keys[1], 'total', args[1])
  return redis.call('HGET', keys[1], 'total')
end)
"""
SCRIPT = "redis.call('HSET', KEYS[1], 'text', ARGV[1]) return cjson.encode({1, ARGV[1]})"
LARGEST = 2**53 + 1
"""More than a double holds: a server that computes in doubles gets it wrong."""


def check_redis() -> None:
    """Refuse a Redis that counts wrongly, lacks functions or may evict our numbers.

    Asked once per process. Raises WrongAnswerError or UnavailableError.
    """
    _check(os.getpid())


@cache
def _check(_process: int) -> None:
    token = secrets.token_hex(8)
    key, library = f"probe:{{{token}}}", f"probe_{token}"
    try:
        client: Any = numbers()
        try:
            check_answers("Redis", _questions(client, key, library), outages=REDIS_OUTAGES)
        finally:
            client.delete(key)
            with suppress(redis.ResponseError):  # not loaded: functions are what it lacks
                client.function_delete(library)
    except REDIS_OUTAGES as error:
        raise UnavailableError("Redis does not answer; try again.") from error


def _questions(client: Any, key: str, library: str) -> list[KnownAnswer]:
    return [
        KnownAnswer(
            "No eviction of keys without an expiry (maxmemory-policy)",
            lambda: sorted(name for name in _policies(client) if name.startswith("allkeys")),
            [],
        ),
        KnownAnswer(
            "HINCRBY counts beyond 2^53",
            lambda: [client.hincrby(key, "n", LARGEST), client.hincrby(key, "n", -1)],
            [LARGEST, LARGEST - 1],
        ),
        KnownAnswer(
            "EVAL writes, and has cjson",
            lambda: [bytes(client.eval(SCRIPT, 1, key, "é")), client.hget(key, "text")],
            ['[1,"é"]'.encode(), "é".encode()],
        ),
        KnownAnswer(
            "FUNCTION LOAD and FCALL keep several writes together",
            lambda: _call_function(client, key, library),
            [str(LARGEST).encode()] * 2,
        ),
        KnownAnswer(
            "An expiry is kept", lambda: [bool(client.expire(key, 60)), client.ttl(key)], [True, 60]
        ),
    ]


def _call_function(client: Any, key: str, library: str) -> list[object]:
    client.function_load(LIBRARY.format(name=library), replace=True)
    return [client.fcall(library, 1, key, LARGEST), client.hget(key, "called")]


def _policies(client: Any) -> list[str]:
    """The eviction policy of every node, from INFO: managed servers forbid CONFIG."""
    if isinstance(client, redis.RedisCluster):
        answers = client.info("memory", target_nodes=redis.RedisCluster.PRIMARIES)
        nodes = answers.values() if "maxmemory_policy" not in answers else [answers]
    else:
        nodes = [client.info("memory")]
    return [str(node["maxmemory_policy"]) for node in nodes]
