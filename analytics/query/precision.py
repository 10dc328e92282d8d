"""How sure figures are: the parts it takes to know, and the interval they make (95 %).

Means, scores and ratios that are shares have one. Weighted responses count as many as
their weights are worth (Kish's effective sample size), as they do in shares.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from analytics.statistics.means import estimate_mean
from analytics.statistics.shares import effective_size, estimate_net, share_interval

from .ast import Aggregate, Column, Condition, Every, In, Measure, Negation, Query
from .scores import OF_COUNTS, base_of, mean_of

Parts = Mapping[str, Any]
Ends = list[float]
INTERVAL = "ci"
COUNTED = (Aggregate.COUNT, Aggregate.MISSING)
SURE = (Aggregate.AVG, Aggregate.NPS, Aggregate.CSAT, Aggregate.CES)


def sure_measures(query: Query) -> list[Measure]:
    """The measures an interval is wanted of, and that may have one."""
    if INTERVAL not in query.include:
        return []
    return [each for each in query.measures if each.aggregate in SURE or _whole(query, each)]


def interval_parts(query: Query, measure: Measure) -> list[Measure]:
    """What an executor is asked for the interval of a measure, beside its own parts."""
    parts: list[Measure] = []
    mean = mean_of(measure)
    if mean.aggregate is Aggregate.AVG:
        parts.append(replace(mean, name=f"c:{measure.name}", aggregate=Aggregate.COUNT))
        parts.append(replace(mean, name=f"v:{measure.name}", aggregate=Aggregate.VARIANCE))
    if query.weights is not None:
        # Weighted itself, as everything is: the sum of the squares.
        parts.append(
            Measure(
                name=f"q:{measure.name}",
                aggregate=Aggregate.SUM,
                column=query.weights,
                condition=_all_of(_base(query, measure)),
            )
        )
    return parts


def interval_of(query: Query, measure: Measure, figures: Parts, parts: Parts) -> Ends | None:
    """Its two ends, or None where the responses of the group can't tell."""
    figure = figures[measure.name]
    if figure is None:
        return None
    whole, squares = _whole(query, measure), parts.get(f"q:{measure.name}")
    if whole is not None:
        return share_ends(figure, figures[whole.name], squares)
    base = parts[f"{'n' if measure.aggregate in OF_COUNTS else 'c'}:{measure.name}"]
    if measure.aggregate is Aggregate.CSAT:
        return share_ends(figure, base, squares)
    size = size_of(base, squares)
    if size is None:
        return None
    if measure.aggregate is Aggregate.NPS:
        ups, downs = (parts[f"{part}:{measure.name}"] / base * size for part in ("p", "d"))
        found = estimate_net(ups, downs, size, scale=100)
    else:
        found = estimate_mean(float(figure), parts[f"v:{measure.name}"], size)
    return None if found.low is None or found.high is None else [found.low, found.high]


def share_ends(share: float | None, base: float, squares: float | None) -> Ends | None:
    """The interval of a share of the responses of `base`, by Wilson; `squares`: see `size_of`."""
    size = None if share is None else size_of(base, squares)
    return None if share is None or not size else [*share_interval(min(1.0, share) * size, size)]


def size_of(base: float, squares: float | None) -> float | None:
    """What responses are worth: `squares` are those of their weights, None where there are none."""
    return base if squares is None or not base else effective_size(base, squares)


def _base(query: Query, measure: Measure) -> list[Condition]:
    """The conditions of the responses a figure rests on."""
    whole = _whole(query, measure)
    if whole is not None:
        return _conditions(whole)
    scored = base_of(measure)
    if scored is not None:
        return [*_own(measure), scored]
    return _conditions(replace(measure, aggregate=Aggregate.COUNT))


def _whole(query: Query, measure: Measure) -> Measure | None:
    """What a ratio is a share of: its second measure, where the first counts a part of it."""
    if measure.ratio is None:
        return None
    part, whole = (_named(query.measures, name) for name in measure.ratio)
    if part.aggregate not in COUNTED or whole.aggregate not in COUNTED:
        return None
    narrower = _conditions(part)
    return whole if all(each in narrower for each in _conditions(whole)) else None


def _named(measures: Sequence[Measure], name: str) -> Measure:
    return next(each for each in measures if each.name == name)


def _conditions(counted: Measure) -> list[Condition]:
    """All of which hold for the responses a measure counts."""
    if counted.column is None:
        return _own(counted)
    lacks_it = counted.aggregate is Aggregate.MISSING
    return [*_own(counted), _answers(counted.column, missing=lacks_it)]


def _own(measure: Measure) -> list[Condition]:
    return [] if measure.condition is None else [measure.condition]


def _answers(column: Column, *, missing: bool) -> Condition:
    lacks = In(column, (), or_missing=True)
    return lacks if missing else Negation(lacks)


def _all_of(conditions: Sequence[Condition]) -> Condition | None:
    return Every(tuple(conditions)) if conditions else None
