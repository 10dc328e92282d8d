"""Answers on steps: Likert scales and ratings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .estimates import Estimate
from .means import mean_of_counts
from .shares import LEVEL, estimate_net, estimate_share

BOXES = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of a scale and the share of those who chose it."""

    step: int
    count: int
    share: Estimate


@dataclass(frozen=True, kw_only=True, slots=True)
class ScaleSummary:
    """`top` and `bottom` are the shares of the `boxes` steps at each end, `net` their difference.

    `outside` counts answers beyond the ends, left by a version that had others; they are no part
    of anything else.
    """

    n: int
    outside: int
    lowest: int
    highest: int
    mean: Estimate
    standard_deviation: float | None
    median: float
    boxes: int
    top: Estimate
    bottom: Estimate
    net: Estimate
    steps: tuple[Step, ...]


def summarise_scale(
    counts: Mapping[int, int],
    *,
    lowest: int,
    highest: int,
    boxes: int | None = None,
    level: float = LEVEL,
) -> ScaleSummary | None:
    """What the answers on the steps `lowest` to `highest` say together.

    Args:
        counts: step → how often it was chosen.
        lowest: the first step.
        highest: the last step, above the first.
        boxes: steps that make an end: two, or one where two from each end would meet.
        level: of confidence, between 0 and 1.

    Returns:
        None without an answer on a step. The mean takes steps for equally far apart, as is usual
        since R. Likert, "A technique for the measurement of attitudes", Archives of Psychology 140
        (1932); the median and the boxes don't.
    """
    within = {step: counts.get(step, 0) for step in range(lowest, highest + 1)}
    mean = mean_of_counts(within, level=level)
    if mean is None:
        return None
    width = boxes or boxes_of(len(within))
    ordered = list(within.values())
    top, bottom = sum(ordered[-width:]), sum(ordered[:width])
    return ScaleSummary(
        n=mean.n,
        outside=sum(counts.values()) - mean.n,
        lowest=lowest,
        highest=highest,
        mean=mean.mean,
        standard_deviation=mean.standard_deviation,
        median=median_of_counts(within),
        boxes=width,
        top=estimate_share(top, mean.n, level=level),
        bottom=estimate_share(bottom, mean.n, level=level),
        net=estimate_net(top, bottom, mean.n, level=level),
        steps=tuple(
            Step(step=step, count=count, share=estimate_share(count, mean.n, level=level))
            for step, count in within.items()
        ),
    )


def boxes_of(steps: int) -> int:
    """How many steps make an end: two, or one of a scale so short that the ends would meet.

    Two of five are what Morgan and Rego (2006) call a top-two-box score.
    """
    return BOXES if steps >= 2 * BOXES else 1


def median_of_counts(counts: Mapping[int, int]) -> float:
    """The middle answer; between the two middle ones of an even number. There must be one.

    Source: R. Hyndman and Y. Fan, The American Statistician 50 (1996), definition 7 at 1/2.
    """
    n = sum(counts.values())
    return (_ranked(counts, (n + 1) // 2) + _ranked(counts, n // 2 + 1)) / 2


def numbered(labels: Sequence[str]) -> list[int] | None:
    """The numbers that labels are, each another; None where they are anything else.

    Only numbered steps have a mean, as those of Likert (1932).
    """
    try:
        numbers = [int(label) for label in labels]
    except ValueError:
        return None
    return numbers if len(set(numbers)) == len(numbers) else None


def _ranked(counts: Mapping[int, int], rank: int) -> int:
    """The answer of a rank, counted from 1."""
    passed = 0
    for number in sorted(counts):
        passed += counts[number]
        if passed >= rank:
            return number
    raise ValueError(f"There are {passed} answers, and none of rank {rank}.")
