"""The second tier: Redis, shared by every process."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.conf import settings

from . import codec, keys, redis_client
from .circuit import Circuit
from .entries import Entry, entry_from

logger = logging.getLogger(__name__)

Default = TypeVar("Default")
Answer = TypeVar("Answer")

MAX_VALUE_BYTES = 4 * 1024 * 1024
"""A larger value is not shared: it would hold up everybody else's commands."""


class L2Cache:
    """Redis as a cache. Never raises while Redis is down: a read misses, a write is dropped.

    After a failure nobody asks Redis for a second (`Circuit`), so a hung server slows one call
    per second, not all of them.
    """

    def __init__(self, *, circuit: Circuit | None = None) -> None:
        self._circuit = circuit or Circuit()

    @property
    def is_down(self) -> bool:
        return self._circuit.is_open

    def get(self, key: str, default: Default) -> Any | Default:
        """A value stored with `set`."""
        found = self._ask(lambda client: client.get(_own(key)))
        return default if found is None else _decoded(found, default)

    def set(self, key: str, value: object, *, ttl: float | None = None) -> None:
        """Share a value for `ttl` seconds (CACHE_L2_DEFAULT_TTL).

        Raises UncacheableError where it has no exact encoding.
        """
        data = codec.encode(value)
        self._ask(lambda client: client.set(_own(key), data, px=_milliseconds(ttl)))

    def delete(self, key: str) -> None:
        self._ask(lambda client: client.delete(_own(key)))

    def read(
        self, key: str | None, tag_keys: Sequence[str]
    ) -> tuple[Entry | None, list[int | None] | None]:
        """An entry and the present versions of its tags, in one round trip.

        Without a key: the versions alone. A version is None where the tag is unknown; the list is
        None where Redis cannot be asked.
        """
        names = [*tag_keys] if key is None else [key, *tag_keys]
        found = self._ask(lambda client: redis_client.read_many(client, names))
        if found is None:
            return None, None
        raw = None if key is None else found[0]
        versions = [None if v is None else int(v) for v in found[len(names) - len(tag_keys) :]]
        return (None if raw is None else entry_from(raw)), versions

    def write(self, key: str, entry: Entry, *, ttl: float) -> None:
        if len(entry.payload) <= MAX_VALUE_BYTES:
            self._ask(lambda client: client.set(key, entry.to_bytes(), px=_milliseconds(ttl)))

    def _ask(self, question: Callable[[redis_client.Client], Answer]) -> Answer | None:
        """The answer, or None where Redis does not give one."""
        if not self._circuit.allows():
            return None
        try:
            answer = question(redis_client.shared_client())
        except redis_client.CACHE_ERRORS as error:
            self._circuit.report_failure()
            logger.warning("cache: Redis does not answer", extra={"error": error})
            return None
        self._circuit.report_success()
        return answer


def _own(key: str) -> str:
    return f"{keys.PREFIX}:value:{key}"


def _decoded(data: Any, default: Default) -> Any | Default:
    try:
        return codec.decode(data)
    except ValueError:
        return default


def _milliseconds(ttl: float | None) -> int:
    seconds = settings.CACHE_L2_DEFAULT_TTL if ttl is None else ttl
    return max(1, int(seconds * 1000))
