"""The two tiers as one cache: look near, then far, then compute once and keep it in both."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings

from . import codec, keys, tags
from .entries import Entry, Versions
from .flights import Flights
from .l1_cache import L1Cache
from .l2_cache import L2Cache
from .stats import Outcome, Statistics

Compute = Callable[[], object]


@dataclass(slots=True)
class Local:
    """An entry in the first tier and when its tag versions were last seen to be right."""

    entry: Entry
    checked_at: float
    bumps: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call of a cached function: where its value lives and how long it counts."""

    function: str
    key: str
    tags: Sequence[str]
    ttl: float
    lag_seconds: float
    survives_outage: bool

    @property
    def tag_keys(self) -> list[str]:
        return [keys.tag_key(tag) for tag in self.tags]


class Tiers:
    """L1 in front of L2. Values are kept encoded: nobody can change what another will read."""

    def __init__(self, l1: L1Cache[Local], l2: L2Cache, statistics: Statistics) -> None:
        self.l1 = l1
        self.l2 = l2
        self.statistics = statistics
        self._flights: Flights[bytes] = Flights()

    def answer(self, call: Call, compute: Compute) -> Any:
        """The value of a call, from the nearest tier that has it, or computed."""
        payload, outcome = self._find(call, compute)
        self.statistics.record(call.function, outcome)
        return codec.decode(payload)

    def _find(self, call: Call, compute: Compute) -> tuple[bytes, Outcome]:
        local = self.l1.get(call.key, None)
        if local is not None and self._is_trusted(local, call):
            return local.entry.payload, Outcome.L1_HIT
        remote, seen = self.l2.read(None if local else call.key, call.tag_keys)
        versions = _whole(seen, call.tags)
        if versions is None:
            return self._do_without_redis(call, local, compute)
        if local is not None:
            if local.entry.versions == versions:
                self._keep_near(call, local.entry)
                return local.entry.payload, Outcome.L1_HIT
            remote, _ = self.l2.read(call.key, ())
        if remote is not None and remote.versions == versions:
            self._keep_near(call, remote)
            return remote.payload, Outcome.L2_HIT
        payload = self._flights.run(
            (call.key, versions), lambda: self._compute(call, versions, compute)
        )
        return payload, Outcome.MISS

    def _is_trusted(self, local: Local, call: Call) -> bool:
        """Whether the tag versions were checked so lately that the caller asks for no more."""
        if local.bumps != tags.local_bumps():
            return False
        return time.monotonic() - local.checked_at < call.lag_seconds

    def _do_without_redis(
        self, call: Call, local: Local | None, compute: Compute
    ) -> tuple[bytes, Outcome]:
        if local is not None and call.survives_outage:
            return local.entry.payload, Outcome.L1_HIT
        payload = self._flights.run((call.key, None), lambda: codec.encode(compute()))
        if call.survives_outage:
            self._keep_near(call, Entry(payload, (), time.time() + call.ttl))
        return payload, Outcome.WITHOUT_REDIS

    def _compute(self, call: Call, versions: Versions, compute: Compute) -> bytes:
        """Compute and keep. The versions are those before the computation: see `tags`."""
        local = self.l1.get(call.key, None)
        if local is not None and local.entry.versions == versions:
            return local.entry.payload  # another caller landed just before this one took off
        payload = codec.encode(compute())
        entry = Entry(payload, versions, time.time() + call.ttl)
        self.l2.write(call.key, entry, ttl=call.ttl)
        self._keep_near(call, entry)
        return payload

    def _keep_near(self, call: Call, entry: Entry) -> None:
        left = min(call.ttl, entry.fresh_until - time.time())
        local = Local(entry, time.monotonic(), tags.local_bumps())
        self.l1.set(call.key, local, ttl=left, size=len(entry.payload) + len(call.key))


def _whole(seen: Sequence[int | None] | None, names: Sequence[str]) -> Versions | None:
    """The versions of these tags, each given one now if it had none; None without Redis."""
    if seen is None:
        return None
    pairs = zip(seen, names, strict=True)
    made = [tags.mint(name) if version is None else version for version, name in pairs]
    known = tuple(version for version in made if version is not None)
    return known if len(known) == len(made) else None


@cache
def default_tiers() -> Tiers:
    """This process's cache, as the settings size it."""
    l1: L1Cache[Local] = L1Cache(
        settings.CACHE_L1_MAX_SIZE,
        ttl=settings.CACHE_L1_TTL,
        max_bytes=settings.CACHE_L1_MAX_BYTES,
    )
    return Tiers(l1, L2Cache(), Statistics())
