"""The scores of customer surveys: NPS, CSAT and CES."""

from collections.abc import Mapping
from dataclasses import dataclass

from .estimates import Estimate
from .means import mean_of_counts
from .shares import LEVEL, estimate_net, estimate_share

NPS_LOWEST, NPS_HIGHEST = 0, 10
PROMOTER, PASSIVE = 9, 7
"""The lowest answer of a promoter, and of those between."""
TOP_BOXES = 2
CES_STEPS = (1, 7)
CES_AGREES = 5
"""Of 1 to 7: "somewhat agree" and above."""

Counts = Mapping[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class NetPromoters:
    """`score` is from -100 to 100."""

    n: int
    promoters: int
    passives: int
    detractors: int
    score: Estimate


@dataclass(frozen=True, kw_only=True, slots=True)
class Satisfaction:
    """`score` is the share of the satisfied: those who chose one of the top boxes."""

    n: int
    satisfied: int
    boxes: int
    score: Estimate


@dataclass(frozen=True, kw_only=True, slots=True)
class Effort:
    """`score` is the mean, from 1 to 7; `agree` the share of 5 and above."""

    n: int
    score: Estimate
    agree: Estimate


def net_promoter_score(counts: Counts, *, level: float = LEVEL) -> NetPromoters | None:
    """100 · (promoters - detractors) / n: those of 9 and 10, and of 0 to 6.

    Args:
        counts: answer → how often. Answers outside 0 to 10 are left out.
        level: of confidence, between 0 and 1.

    Returns:
        None without answers.

    Source: F. Reichheld, "The one number you need to grow", Harvard Business Review 81 (2003).
    """
    answers = _within(counts, NPS_LOWEST, NPS_HIGHEST)
    n = sum(answers.values())
    if not n:
        return None
    promoters = sum(count for answer, count in answers.items() if answer >= PROMOTER)
    detractors = sum(count for answer, count in answers.items() if answer < PASSIVE)
    return NetPromoters(
        n=n,
        promoters=promoters,
        passives=n - promoters - detractors,
        detractors=detractors,
        score=estimate_net(promoters, detractors, n, scale=100, level=level),
    )


def customer_satisfaction(
    counts: Counts, *, highest: int = 5, boxes: int = TOP_BOXES, level: float = LEVEL
) -> Satisfaction | None:
    """The share of the answers `highest - boxes + 1` to `highest`; None without answers.

    Source: N. A. Morgan and L. L. Rego, "The value of different customer satisfaction and loyalty
    metrics in predicting business performance", Marketing Science 25 (2006), on top-2-box scores.
    """
    answers = {answer: count for answer, count in counts.items() if answer <= highest}
    n = sum(answers.values())
    if not n:
        return None
    satisfied = sum(count for answer, count in answers.items() if answer > highest - boxes)
    score = estimate_share(satisfied, n, level=level)
    return Satisfaction(n=n, satisfied=satisfied, boxes=boxes, score=score)


def customer_effort_score(counts: Counts, *, level: float = LEVEL) -> Effort | None:
    """The mean of "… made it easy for me", from 1 (strongly disagree) to 7 (strongly agree).

    Answers outside are left out; None without answers.

    Source: M. Dixon, N. Toman and R. DeLisi, The Effortless Experience (2013), which asks for
    agreement on seven steps ("CES 2.0").
    """
    answers = _within(counts, *CES_STEPS)
    mean = mean_of_counts(answers, level=level)
    if mean is None:
        return None
    agreeing = sum(count for answer, count in answers.items() if answer >= CES_AGREES)
    agree = estimate_share(agreeing, mean.n, level=level)
    return Effort(n=mean.n, score=mean.mean, agree=agree)


def _within(counts: Counts, lowest: int, highest: int) -> dict[int, int]:
    return {answer: count for answer, count in counts.items() if lowest <= answer <= highest}
