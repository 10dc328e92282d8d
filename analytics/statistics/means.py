"""Means of numbers, and how sure they are."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from .estimates import Estimate
from .shares import LEVEL

FEWEST = 2
"""One value has no spread."""
QUANTILES_KEPT = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Mean:
    """`variance` is that of a sample (divided by n - 1); None of one number."""

    n: int
    mean: Estimate
    variance: float | None

    @property
    def standard_deviation(self) -> float | None:
        return None if self.variance is None else math.sqrt(self.variance)


def mean_of_moments(
    n: int, mean: float, variance: float | None, *, level: float = LEVEL
) -> Mean | None:
    """The mean of n numbers of which these figures are known; None of no numbers."""
    if not n:
        return None
    return Mean(n=n, mean=_interval(mean, variance, n, level), variance=variance)


def mean_of_counts(counts: Mapping[int, int], *, level: float = LEVEL) -> Mean | None:
    """The mean of numbers that were counted one by one, worked out in exact fractions."""
    n = sum(counts.values())
    if not n:
        return None
    total = sum(number * count for number, count in counts.items())
    squares = sum(number * number * count for number, count in counts.items())
    variance = None
    if n >= FEWEST:
        variance = float((squares - Fraction(total * total, n)) / (n - 1))
    return mean_of_moments(n, float(Fraction(total, n)), variance, level=level)


def _interval(mean: float, variance: float | None, n: int, level: float) -> Estimate:
    """Mean ± t(n - 1) · s / √n.

    No interval where all numbers are equal, for a sample without spread doesn't say how much there
    is, nor of less than two responses.
    Source: Student (W. S. Gosset), "The probable error of a mean", Biometrika 6 (1908).
    """
    if not variance or n < FEWEST:
        return Estimate(value=mean, low=None, high=None)
    reach = _t_quantile(n - 1, level) * math.sqrt(variance / n)
    return Estimate(value=mean, low=mean - reach, high=mean + reach)


@lru_cache(maxsize=QUANTILES_KEPT)
def _t_quantile(degrees: int, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + level) / 2))
