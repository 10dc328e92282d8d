"""The scores of surveys as queries know them: which fields have one, and what it is made of.

Their formulas are those of `analytics.statistics.scores`. Executors are asked for what they know
without them: how many answers lie within bounds, and the mean of these.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from analytics.statistics.scales import boxes_of
from analytics.statistics.scores import CES_STEPS, NPS_HIGHEST, NPS_LOWEST, PASSIVE, PROMOTER

from .ast import Aggregate, Between, Bound, Column, Condition, Every, Measure
from .fields import Field

Ends = tuple[int, int]
SATISFYING = ("rating", "scale")
"""The types of field whose last steps are those of the satisfied."""
OF_COUNTS = (Aggregate.NPS, Aggregate.CSAT)
"""Scores that are made of counts; a CES is a mean."""
OF_STEPS = {
    Aggregate.CSAT: ("a rating or a scale", 'for other numbers divide two counts ("ratio")'),
    Aggregate.CES: ("a scale from 1 to 7", 'of other steps take the mean ("avg")'),
}
"""What a score wants that takes not just any number, and what to ask for instead."""


def scale_of(aggregate: Aggregate, field: Field | None) -> Ends | None:
    """The first and the last answer that a score counts; None where the field has no such score."""
    if aggregate is Aggregate.NPS:
        return NPS_LOWEST, NPS_HIGHEST
    if field is None:
        return None
    if aggregate is Aggregate.CSAT:
        return field.steps if field.type in SATISFYING else None
    is_effort = aggregate is Aggregate.CES and field.type == "scale" and field.steps == CES_STEPS
    return CES_STEPS if is_effort else None


def base_of(measure: Measure) -> Between | None:
    """The answers a score rests on; None of a measure that is no score."""
    if measure.scale is None or measure.column is None:
        return None
    return _between(measure.column, measure.scale)


def score_parts(measure: Measure) -> list[Measure]:
    """What a score is put together from."""
    if measure.aggregate is Aggregate.CES:
        return [replace(mean_of(measure), name=f"m:{measure.name}")]
    return [
        replace(counted, name=f"{kind}:{measure.name}")
        for kind, counted in _counts(measure).items()
    ]


def score_of(measure: Measure, parts: Mapping[str, Any]) -> float | None:
    """A score from the parts an executor found; None without an answer that counts."""
    if measure.aggregate is Aggregate.CES:
        mean: float | None = parts[f"m:{measure.name}"]
        return mean
    found = {kind: parts[f"{kind}:{measure.name}"] for kind in _bounds(measure)}
    if not found["n"]:
        return None
    if measure.aggregate is Aggregate.CSAT:
        return float(found["p"] / found["n"])
    return float(100 * (found["p"] - found["d"]) / found["n"])


def mean_of(measure: Measure) -> Measure:
    """The mean that a CES is; any other measure as it is."""
    if measure.aggregate is not Aggregate.CES:
        return measure
    return _narrowed(measure, Aggregate.AVG, base_of(measure))


def counts_of(measure: Measure) -> Iterator[Measure]:
    """The counts that a share of respondents tells to whoever can multiply; of others itself."""
    yield from _counts(measure).values() if measure.aggregate is Aggregate.CSAT else (measure,)


def _counts(measure: Measure) -> dict[str, Measure]:
    column = measure.column
    assert column is not None  # noqa: S101 - the resolver gave it one
    return {
        kind: _narrowed(measure, Aggregate.COUNT, _between(column, ends))
        for kind, ends in _bounds(measure).items()
    }


def _bounds(measure: Measure) -> dict[str, Ends]:
    """Those at the good end (p), at the bad one (d), and all (n)."""
    assert measure.scale is not None  # noqa: S101 - as above
    lowest, highest = measure.scale
    if measure.aggregate is Aggregate.NPS:
        return {"p": (PROMOTER, highest), "d": (lowest, PASSIVE - 1), "n": measure.scale}
    boxes = boxes_of(highest - lowest + 1)
    return {"p": (highest - boxes + 1, highest), "n": measure.scale}


def _narrowed(measure: Measure, aggregate: Aggregate, lies: Condition | None) -> Measure:
    given = tuple(each for each in (measure.condition, lies) if each is not None)
    condition = given[0] if len(given) == 1 else Every(given)
    return replace(measure, aggregate=aggregate, condition=condition, scale=None)


def _between(column: Column, ends: Ends) -> Between:
    return Between(column, *(Bound(end, inclusive=True) for end in ends))
