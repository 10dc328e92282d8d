"""What the counters of sessions say: how many finished, and how long that took them."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from analytics.contributions import sketches
from analytics.contributions.trails import STARTED, SUBMITTED, TIME, VIEWED
from analytics.statistics.shares import share_interval


def session_figures(counts: Mapping[str, int]) -> dict[str, Any]:
    """`sessions`, `completion_rate` with its interval (None before any started), and the time."""
    steps = {name: counts.get(name, 0) for name in (VIEWED, STARTED, SUBMITTED)}
    return {
        "completion_rate": share_of(steps[SUBMITTED], steps[STARTED]),
        "completion_interval": interval_of(steps[SUBMITTED], steps[STARTED]),
        "sessions": steps,
        "time_to_complete": time_to_complete(counts),
    }


def time_to_complete(counts: Mapping[str, int]) -> dict[str, Any]:
    """Median and 90th percentile in seconds of the `n` sessions whose time is known.

    They are the numbers of rank ⌊1 + p (n - 1)⌋, within `quantile_error` of it, relatively.
    """
    buckets = Counter(
        {
            name.removeprefix(TIME): count
            for name, count in counts.items()
            if name.startswith(TIME) and count > 0
        }
    )
    return {
        "median": sketches.quantile(buckets, 0.5),
        "p90": sketches.quantile(buckets, 0.9),
        "n": buckets.total(),
        "quantile_error": sketches.ACCURACY,
    }


def share_of(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def interval_of(part: int, whole: int) -> list[float] | None:
    """That of the share, 95 % by Wilson. Counters that are behind each other stay within it."""
    return list(share_interval(max(0, min(part, whole)), whole)) if whole > 0 else None
