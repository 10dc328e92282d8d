"""What survey figures the answers to a field come to, by the type of the field.

Every description has a `kind`, which says what else is in it, and `n`, the answers it rests on.
docs/reference/statistics.md has every formula and its source.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from analytics.query.fields import Field
from analytics.statistics.matrices import summarise_matrix
from analytics.statistics.means import mean_of_moments
from analytics.statistics.rankings import summarise_ranking
from analytics.statistics.scales import summarise_scale
from analytics.statistics.scores import (
    CES_STEPS,
    customer_effort_score,
    customer_satisfaction,
    net_promoter_score,
)
from formplatform.forms.domain import JsonObject

from .summaries import FieldSummary

Describe = Callable[[Field, FieldSummary], JsonObject | None]


def describe(field: Field, summary: FieldSummary) -> JsonObject | None:
    """The figures of a field; None without answers, and for types that have none."""
    describer = DESCRIBERS.get(field.type)
    return None if describer is None or not summary.answered else describer(field, summary)


def _numbers(_field: Field, summary: FieldSummary) -> JsonObject | None:
    numbers = summary.numbers
    if numbers is None or numbers.mean is None:
        return None
    found = mean_of_moments(numbers.count, float(numbers.mean), numbers.variance)
    return (
        None
        if found is None
        else {
            "kind": "mean",
            "n": found.n,
            "mean": asdict(found.mean),
            "standard_deviation": found.standard_deviation,
            "median": summary.quantile(0.5),
        }
    )


def _nps(field: Field, summary: FieldSummary) -> JsonObject | None:
    counts = _steps(summary)
    return _described("nps", net_promoter_score(counts), scale=_scale(field, counts))


def _rating(field: Field, summary: FieldSummary) -> JsonObject | None:
    """A rating is a scale of satisfaction: the share of its top boxes is the CSAT."""
    counts = _steps(summary)
    scale = _scale(field, counts)
    if scale is None:
        return None
    within = {each["step"]: each["count"] for each in scale["steps"]}
    csat = customer_satisfaction(within, highest=scale["highest"], boxes=scale["boxes"])
    return {"kind": "rating", **scale, "csat": csat and asdict(csat)}


def _likert(field: Field, summary: FieldSummary) -> JsonObject | None:
    """A scale of seven steps is also read as one of effort."""
    counts = _steps(summary)
    scale = _scale(field, counts)
    effort = customer_effort_score(counts) if field.steps == CES_STEPS else None
    return None if scale is None else {"kind": "scale", **scale, "ces": effort and asdict(effort)}


def _ordered_choice(field: Field, summary: FieldSummary) -> JsonObject | None:
    """Options in their order are steps from 1; `labels` names them."""
    if not field.ordered or len(field.options) < 2:  # noqa: PLR2004 - an order is of two
        return None
    counts = {n: summary.values.get(option, 0) for n, option in enumerate(field.options, 1)}
    scale = summarise_scale(counts, lowest=1, highest=len(field.options))
    labels = list(field.options.values())
    return None if scale is None else {"kind": "scale", **asdict(scale), "labels": labels}


def _matrix(field: Field, summary: FieldSummary) -> JsonObject | None:
    counts = {_pair(value): count for value, count in summary.values.items()}
    found = summarise_matrix(counts, list(field.rows), field.options)
    return {"kind": "matrix", "n": summary.answered, **asdict(found)}


def _ranking(field: Field, summary: FieldSummary) -> JsonObject | None:
    places: dict[str, dict[int, int]] = {}
    for value, count in summary.values.items():
        place, option = _pair(value)
        places.setdefault(option, {})[int(place)] = count
    return _described("ranking", summarise_ranking(places, list(field.options)))


def _described(kind: str, found: Any, **more: Any) -> JsonObject | None:
    return None if found is None else {"kind": kind, **asdict(found), **more}


def _scale(field: Field, counts: Mapping[int, int]) -> JsonObject | None:
    if field.steps is None:
        return None
    lowest, highest = field.steps
    found = summarise_scale(counts, lowest=lowest, highest=highest)
    return None if found is None else asdict(found)


def _steps(summary: FieldSummary) -> dict[int, int]:
    """Answers of another type, left by an older version, are no steps."""
    return {int(value): count for value, count in summary.values.items() if _is_whole(value)}


def _is_whole(value: str) -> bool:
    return value.removeprefix("-").isdecimal()


def _pair(value: str) -> tuple[str, str]:
    first, _, second = value.partition("/")
    return first, second


DESCRIBERS: Mapping[str, Describe] = {
    "integer": _numbers,
    "number": _numbers,
    "calculated": _numbers,
    "nps": _nps,
    "rating": _rating,
    "scale": _likert,
    "choice": _ordered_choice,
    "matrix": _matrix,
    "ranking": _ranking,
}
"""One per type of field; a type that is not here has its values alone."""
