"""Invalidation: bump a tag, and everything computed under it is stale at once, everywhere.

A tag has a version in Redis, the server's time of its last bump. An entry remembers the versions
its tags had before it was computed and counts only while they are the present ones. So a bump
costs one command however many entries it kills, a value computed from old data and stored after
the bump is never served, and a version that Redis evicted is made anew, greater than before, so
that no old entry comes back to life.
"""

import threading

from formplatform.core.errors import UnavailableError

from . import keys, redis_client

VERSION_SECONDS = 30 * 24 * 3600

_MOVE = """
local old = tonumber(redis.call('GET', KEYS[1]) or '0')
if ARGV[2] == 'keep' and old > 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  return string.format('%.0f', old)
end
local now = redis.call('TIME')
local new = math.max(old + 1, now[1] * 1000000 + now[2])
redis.call('SET', KEYS[1], string.format('%.0f', new), 'PX', ARGV[1])
return string.format('%.0f', new)
"""

_lock = threading.Lock()
_bumps = 0


def bump(*tags: str) -> None:
    """Make everything under these tags stale, in every process.

    Raises UnavailableError where Redis does not answer: the caller must try again, or entries
    would live on for their time. Bumping twice is harmless.
    """
    try:
        for tag in tags:
            _move(tag, "always")
    except redis_client.CACHE_ERRORS as error:
        raise UnavailableError("The cache cannot be invalidated: Redis does not answer.") from error
    finally:
        _count_bump()


def mint(tag: str) -> int | None:
    """The version of a tag, given one now if it has none; None where Redis does not answer."""
    try:
        return _move(tag, "keep")
    except redis_client.CACHE_ERRORS:
        return None


def local_bumps() -> int:
    """How many times this process bumped: local entries checked before the last are suspect."""
    return _bumps


def _move(tag: str, mode: str) -> int:
    client = redis_client.shared_client()
    return int(client.eval(_MOVE, 1, keys.tag_key(tag), VERSION_SECONDS * 1000, mode))


def _count_bump() -> None:
    global _bumps  # noqa: PLW0603 - one number per process is the point
    with _lock:
        _bumps += 1
