"""How far the share found in a sample may be from that of everybody."""

import math
from functools import cache
from statistics import NormalDist

LEVEL = 0.95


@cache
def normal_quantile(level: float) -> float:
    """How many standard errors a two-sided interval of this level reaches to each side."""
    return NormalDist().inv_cdf((1 + level) / 2)


def share_interval(count: float, base: float, *, level: float = LEVEL) -> tuple[float, float]:
    """The Wilson score interval of a share.

    Args:
        count: responses with the property, 0 to `base`; weighted ones scaled to `base`.
        base: responses asked; for weighted data the effective sample size. Above 0.
        level: of confidence, between 0 and 1.

    Returns:
        Lower and upper end, within [0, 1].

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    JASA 22 (1927), without continuity correction; recommended over p ± z·se by Brown, Cai and
    DasGupta, Statistical Science 16 (2001).
    """
    z = normal_quantile(level)
    share = count / base
    middle = share + z * z / (2 * base)
    reach = z * math.sqrt(share * (1 - share) / base + z * z / (4 * base * base))
    scale = 1 + z * z / base
    low = 0.0 if count == 0 else max(0.0, (middle - reach) / scale)
    high = 1.0 if count == base else min(1.0, (middle + reach) / scale)
    return low, high


def effective_size(total: float, squares: float) -> float:
    """Kish's effective sample size: (Σw)² / Σw² (L. Kish, Survey Sampling, 1965).

    Args:
        total: the sum of the weights.
        squares: the sum of their squares. Both above 0.
    """
    return total * total / squares
