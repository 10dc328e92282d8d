"""How the cache is doing, for people: the staff endpoint and the command show the same."""

from collections.abc import Mapping
from dataclasses import dataclass

from . import redis_client
from .decorators import cached_functions
from .stats import Outcome, shared_sums
from .tiers import default_tiers


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionOverview:
    """One cached function: how its calls were answered, over every process and the last days."""

    name: str
    ttl: float
    l1_hits: int
    l2_hits: int
    misses: int
    hit_ratio: float | None
    """Hits over calls, 0 to 1; None before the first call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheOverview:
    """Entries and bytes are this process's first tier; the functions' counts are everybody's."""

    entries: int
    max_entries: int
    bytes: int
    max_bytes: int
    redis_answers: bool
    functions: list[FunctionOverview]


def describe_cache() -> CacheOverview:
    tiers = default_tiers()
    tiers.statistics.flush()
    sums, answers = _sums()
    return CacheOverview(
        entries=len(tiers.l1),
        max_entries=tiers.l1.max_size,
        bytes=tiers.l1.bytes,
        max_bytes=tiers.l1.max_bytes or 0,
        redis_answers=answers,
        functions=[_function(f.name, f.ttl, sums.get(f.name, {})) for f in cached_functions()],
    )


def _sums() -> tuple[dict[str, dict[str, int]], bool]:
    try:
        return shared_sums(), True
    except redis_client.CACHE_ERRORS:
        return {}, False


def _function(name: str, ttl: float, sums: Mapping[str, int]) -> FunctionOverview:
    l1_hits, l2_hits = sums.get(Outcome.L1_HIT, 0), sums.get(Outcome.L2_HIT, 0)
    misses = sums.get(Outcome.MISS, 0) + sums.get(Outcome.WITHOUT_REDIS, 0)
    calls = l1_hits + l2_hits + misses
    return FunctionOverview(
        name=name,
        ttl=ttl,
        l1_hits=l1_hits,
        l2_hits=l2_hits,
        misses=misses,
        hit_ratio=round((l1_hits + l2_hits) / calls, 4) if calls else None,
    )
