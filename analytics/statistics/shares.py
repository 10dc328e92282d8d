"""How far the share found in a sample may be from that of everybody."""

import math
from functools import cache
from statistics import NormalDist

from .estimates import Estimate

LEVEL = 0.95


@cache
def normal_quantile(level: float) -> float:
    """How many standard errors a two-sided interval of this level reaches to each side.

    Source: M. J. Wichura, "Algorithm AS 241", Applied Statistics 37 (1988), by the library.
    """
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


def estimate_share(count: int, base: int, *, level: float = LEVEL) -> Estimate:
    """A share with its Wilson (1927) interval. `base` is above 0: of nobody there is no share."""
    low, high = share_interval(count, base, level=level)
    return Estimate(value=count / base, low=low, high=high)


def estimate_net(
    ups: float, downs: float, base: float, *, scale: int = 1, level: float = LEVEL
) -> Estimate:
    """The net share, scale · (ups - downs) / base, with its adjusted Wald interval.

    Both shares are of the same responses, so the variance of their difference is that of two parts
    of one multinomial, (p + q - (p - q)²) / n. One response is added to each end before it is
    worked out. The interval is cut at both ends of the scale, and always holds the net itself.

    Args:
        ups: responses at the good end.
        downs: responses at the bad end.
        base: all responses; of weighted ones what they are worth, and both parts scaled to it.
            Above 0.
        scale: 100 for figures from -100 to 100.
        level: of confidence, between 0 and 1.

    Source: D. G. Bonett and R. M. Price, "Adjusted Wald confidence interval for a difference of
    binomial proportions based on paired data", Journal of Educational and Behavioral Statistics 37
    (2012), with the ends for the two kinds of discordant pairs.
    """
    net = scale * (ups - downs) / base
    size = base + 2
    up, down = (ups + 1) / size, (downs + 1) / size
    middle = up - down
    reach = normal_quantile(level) * math.sqrt((up + down - middle * middle) / size)
    low, high = scale * max(-1.0, middle - reach), scale * min(1.0, middle + reach)
    return Estimate(value=net, low=min(net, low), high=max(net, high))


def effective_size(total: float, squares: float) -> float | None:
    """Kish's effective sample size: (Σw)² / Σw² (L. Kish, Survey Sampling, 1965).

    Args:
        total: the sum of the weights. Above 0.
        squares: the sum of their squares.

    Returns:
        None where the weights are so large or so small that their squares are no numbers.
    """
    if not 0 < squares < math.inf:
        return None
    return total / squares * total
