"""Options put in order: where each stands, and which would win."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .estimates import Estimate
from .means import mean_of_counts
from .shares import LEVEL, estimate_share


@dataclass(frozen=True, kw_only=True, slots=True)
class RankedOption:
    """`n` rankings hold the option. `borda` is from 0 (always last) to 1 (always first)."""

    option: str
    n: int
    mean_rank: Estimate
    first: Estimate
    borda: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RankingSummary:
    """The options by their Borda score, the best first; ties by mean rank, then as given."""

    n: int
    options: tuple[RankedOption, ...]


def summarise_ranking(
    places: Mapping[str, Mapping[int, int]], order: Sequence[str], *, level: float = LEVEL
) -> RankingSummary | None:
    """What rankings say of each option.

    Args:
        places: option → place (1 is the best) → how many rankings put it there.
        order: every option there is; those in no ranking are left out of the answer.
        level: of confidence, between 0 and 1.

    Returns:
        None without rankings. `n` is their number: that of first places. A place earns as many
        points as there are options behind it, and `borda` is the points earned of those
        possible.

    Source: J.-C. de Borda, "Mémoire sur les élections au scrutin", Académie royale des sciences
    (1784 for 1781).
    """
    n = sum(each.get(1, 0) for each in places.values())
    if not n:
        return None
    found = [_ranked(option, places.get(option, {}), n, len(order), level) for option in order]
    known = [each for each in found if each is not None]
    known.sort(key=lambda each: (-each.borda, each.mean_rank.value))
    return RankingSummary(n=n, options=tuple(known))


def _ranked(
    option: str, places: Mapping[int, int], base: int, options: int, level: float
) -> RankedOption | None:
    mean = mean_of_counts(places, level=level)
    if mean is None:
        return None
    points = sum((options - place) * count for place, count in places.items())
    possible = (options - 1) * mean.n
    return RankedOption(
        option=option,
        n=mean.n,
        mean_rank=mean.mean,
        first=estimate_share(places.get(1, 0), max(base, mean.n), level=level),
        borda=points / possible if possible else 1.0,
    )
