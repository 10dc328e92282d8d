"""The values of one field in the order people expect, with labels and shares."""

from collections.abc import Iterable, Iterator
from itertools import product

from analytics.query.fields import Field, Kind
from analytics.statistics.shares import share_interval
from formplatform.forms.domain import JsonObject

from .summaries import FieldSummary

CHOICES, RESPONSES = "choices", "responses"


def other_counts(field: Field) -> str:
    """What is counted beyond the values that have a count of their own.

    Of several options these are choices: counters do not know who made two of them, a query does.
    """
    return CHOICES if field.kind is Kind.OPTIONS else RESPONSES


def listed_values(field: Field, summary: FieldSummary) -> list[JsonObject]:
    """Every value with its label, count and share; options nobody chose are listed too.

    Where some values have no count of their own, an option without one may be any of these: then it
    is left out.
    """
    labels = dict(_expected(field))
    expected = [value for value in labels if value in summary.values or not summary.other]
    counted = _sorted(field, summary.values.keys() - labels.keys())
    return [
        {
            "value": value,
            "label": labels.get(value, value),
            "count": summary.values.get(value, 0),
            **_share(summary.values.get(value, 0), summary.answered),
        }
        for value in (*expected, *counted)
    ]


def _share(count: int, base: int) -> JsonObject:
    """Of those who answer, with its interval (95 %, by Wilson)."""
    if not base:
        return {"share": None, "interval": None}
    return {"share": count / base, "interval": list(share_interval(min(count, base), base))}


def _expected(field: Field) -> Iterator[tuple[str, str]]:
    """The values the definition names, with their labels."""
    if field.kind in (Kind.CHOICE, Kind.OPTIONS):
        yield from field.options.items()
    elif field.kind is Kind.BOOLEAN:
        yield from (("true", "Yes"), ("false", "No"))
    elif field.kind is Kind.MATRIX:
        for (row, row_label), (column, label) in product(field.rows.items(), field.options.items()):
            yield f"{row}/{column}", f"{row_label}: {label}"
    elif field.kind is Kind.RANKING:
        for place, (option, label) in product(
            range(1, len(field.options) + 1), field.options.items()
        ):
            yield f"{place}/{option}", f"{place}. {label}"


def _sorted(field: Field, values: Iterable[str]) -> list[str]:
    return sorted(values, key=int) if field.counts_values else sorted(values)
