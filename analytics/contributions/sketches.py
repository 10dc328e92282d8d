"""Quantiles of numbers that come, change and go, from counters alone.

DDSketch (C. Masson, J. E. Rim, H. K. Lee: DDSketch: A Fast and Fully-Mergeable Quantile Sketch
with Relative-Error Guarantees, PVLDB 12(12), 2019): with g = (1 + a) / (1 - a), a number x > 0 is
counted in bucket i = ⌈log_g x⌉, which holds (g^(i-1), g^i]. Every number in it is within a · x of
2 g^i / (g + 1). Negative numbers have buckets of their own by |x|, zero has one. Quantile p of n
numbers is the one of rank ⌊1 + p (n - 1)⌋; its bucket is found by adding up.

A bucket is an integer counter, so a number is taken back exactly, and sketches merge by addition.
None is ever collapsed: the numbers a double holds have at most 71,000 buckets, those of one
question a few hundred.
"""

import math
import sys
from collections.abc import Iterable, Mapping

ACCURACY = 0.01
"""How far a quantile may be from the true one, relative to it (up to rounding, 1e-12)."""
GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
ZERO = "z"
POSITIVE, NEGATIVE = "p:", "n:"
_LOG_GAMMA = math.log(GAMMA)


def bucket_of(number: float) -> str:
    """The name of the counter for a finite number."""
    if not number:
        return ZERO
    index = math.ceil(math.log(abs(number)) / _LOG_GAMMA)
    return f"{POSITIVE if number > 0 else NEGATIVE}{index}"


def is_bucket(name: str) -> bool:
    return name == ZERO or name.startswith((POSITIVE, NEGATIVE))


def quantile(buckets: Mapping[str, int], p: float) -> float | None:
    """The quantile 0 <= p <= 1 of what is counted, within ACCURACY of it; None of nothing."""
    return lower_quantile(((_middle(name), count) for name, count in buckets.items()), p)


def lower_quantile(counted: Iterable[tuple[float, int]], p: float) -> float | None:
    """The number of rank ⌊1 + p (n - 1)⌋ among numbers that each come so many times."""
    ordered = sorted((value, count) for value, count in counted if count > 0)
    rank = math.floor(1 + p * (sum(count for _, count in ordered) - 1))
    for value, count in ordered:
        rank -= count
        if rank <= 0:
            return value
    return None


def _middle(name: str) -> float:
    """The number of a bucket that is closest to all of it, relatively."""
    if name == ZERO:
        return 0.0
    try:
        size = math.exp(int(name[2:]) * _LOG_GAMMA) * (2 / (GAMMA + 1))
    except OverflowError:
        size = sys.float_info.max
    return size if name.startswith(POSITIVE) else -size
