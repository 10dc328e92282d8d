"""Means of numbers, and how sure they are."""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from .estimates import Estimate
from .shares import LEVEL

FEWEST = 2
"""One value has no spread."""
QUANTILES_KEPT = 4096
ROUNDING = 1e-14
"""Relatively: a smaller spread is what adding equal numbers up left behind."""


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
    """The mean of n numbers of which these figures are known; None of no numbers.

    Source: Student, Biometrika 6 (1908), as `estimate_mean`.
    """
    if not n:
        return None
    return Mean(n=n, mean=estimate_mean(mean, variance, n, level=level), variance=variance)


def mean_of_counts(counts: Mapping[int, int], *, level: float = LEVEL) -> Mean | None:
    """The mean of numbers that were counted one by one, worked out in exact fractions.

    The variance is (Σx² - (Σx)² / n) / (n - 1), of a sample. Source: Student, Biometrika 6 (1908).
    """
    n = sum(counts.values())
    if not n:
        return None
    total = sum(number * count for number, count in counts.items())
    squares = sum(number * number * count for number, count in counts.items())
    variance = None
    if n >= FEWEST:
        variance = float((squares - Fraction(total * total, n)) / (n - 1))
    return mean_of_moments(n, float(Fraction(total, n)), variance, level=level)


def estimate_mean(
    mean: float, variance: float | None, size: float, *, level: float = LEVEL
) -> Estimate:
    """Mean ± t(size - 1) · √(variance / size).

    No interval where all numbers are equal, for a sample without spread doesn't say how much there
    is, nor of less than two responses.

    Args:
        mean: of the numbers; of weighted ones Σwx / Σw.
        variance: that of the sample, divided by n - 1; of weighted numbers the linearised one,
            n / (n - 1) · Σw²(x - mean)² / Σw², which with equal weights is the same.
        size: how many numbers; of weighted ones what they are worth, (Σw)² / Σw².
        level: of confidence, between 0 and 1.

    Sources: Student (W. S. Gosset), "The probable error of a mean", Biometrika 6 (1908). Weighted,
    variance / size is the linearised (Taylor) variance of a ratio, K. Wolter, Introduction to
    Variance Estimation (2007), chapter 6; the degrees of freedom are those of as many equal
    responses, L. Kish, Survey Sampling (1965).
    """
    if (
        not variance
        or variance <= (mean * ROUNDING) ** 2
        or size < FEWEST * (1 - sys.float_info.epsilon * 16)
    ):
        return Estimate(value=mean, low=None, high=None)
    reach = _t_quantile(size - 1, level) * math.sqrt(variance / size)
    return Estimate(value=mean, low=mean - reach, high=mean + reach)


@lru_cache(maxsize=QUANTILES_KEPT)
def _t_quantile(degrees: float, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + level) / 2))
