"""What the counters of one field say."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from analytics.contributions import exact_sums, sketches

OTHER = "\x00other"
"""Where values beyond the cap are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberSummary:
    """Figures of a number field. Sums are exact; a float is the nearest to the exact figure.

    `variance` is that of a sample (divided by n - 1). `minimum` and `maximum` are bounds no value
    lies beyond, and `stale` where the extreme itself was edited or deleted since.
    """

    count: int
    sum: int | float | None
    mean: int | float | None
    variance: float | None
    minimum: int | float | None
    maximum: int | float | None
    buckets: Mapping[str, int]
    """The sketch of their quantiles."""
    minimum_stale: bool = False
    maximum_stale: bool = False

    @property
    def standard_deviation(self) -> float | None:
        return None if self.variance is None else math.sqrt(self.variance)


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldSummary:
    """`answered` of all responses answer the field: the base of every share."""

    answered: int
    missing: int
    values: dict[str, int]
    other: int
    numbers: NumberSummary | None
    distinct: int
    """Different hidden answers, as `hidden_values` estimates them; zero of any other field."""
    distinct_gone: int
    """By how many more that may be too high: those taken back since the last rebuild."""

    def quantile(self, p: float) -> float | None:
        """The quantile 0 <= p <= 1 of a number field, within `quantile_error` of it, relatively.

        It is the number of rank ⌊1 + p (n - 1)⌋. None without numbers, and where some of them
        were counted before there were sketches.
        """
        numbers = self.numbers
        if numbers is None:
            return None
        if self._counts_every_number(numbers):
            each = ((float(value), count) for value, count in self.values.items())
            return sketches.lower_quantile(each, p)
        found = sketches.quantile(numbers.buckets, p)
        if found is None or sum(numbers.buckets.values()) != numbers.count:
            return None
        low, high = numbers.minimum, numbers.maximum
        found = found if low is None else max(found, low)
        return found if high is None else min(found, high)

    @property
    def quantile_error(self) -> float:
        """Zero where each number has a count of its own."""
        numbers = self.numbers
        exact = numbers is not None and self._counts_every_number(numbers)
        return 0.0 if exact else sketches.ACCURACY

    def _counts_every_number(self, numbers: NumberSummary) -> bool:
        return not self.other and sum(self.values.values()) == numbers.count


def summarise(
    *,
    total: int,
    answered: int,
    values: Mapping[str, int],
    figures: Mapping[str, str],
    distinct: int,
    distinct_gone: int,
) -> FieldSummary:
    return FieldSummary(
        answered=answered,
        missing=total - answered,
        values={value: count for value, count in values.items() if count and value != OTHER},
        other=values.get(OTHER, 0),
        distinct=distinct,
        distinct_gone=distinct_gone,
        numbers=_number_summary(figures) if figures.get("count", "0") != "0" else None,
    )


def _number_summary(figures: Mapping[str, str]) -> NumberSummary:
    count = int(figures["count"])
    total = exact_sums.total(_limbs(figures, "sum"))
    squares = exact_sums.total(_limbs(figures, "squares"))
    return NumberSummary(
        count=count,
        sum=exact_sums.to_number(total),
        mean=exact_sums.to_number(total / count),
        variance=_variance(count, total, squares),
        minimum=_number(figures.get("min")),
        maximum=_number(figures.get("max")),
        buckets={name: int(number) for name, number in figures.items() if sketches.is_bucket(name)},
        minimum_stale="min_stale" in figures,
        maximum_stale="max_stale" in figures,
    )


def _variance(count: int, total: Fraction, squares: Fraction) -> float | None:
    if count < 2:  # noqa: PLR2004 - one value has no spread
        return None
    exact = exact_sums.to_number((squares - total * total / count) / (count - 1))
    return None if exact is None else float(exact)


def _limbs(figures: Mapping[str, str], name: str) -> dict[int, int]:
    prefix = f"{name}:"
    return {
        int(key.removeprefix(prefix)): int(digit)
        for key, digit in figures.items()
        if key.startswith(prefix)
    }


def _number(text: str | None) -> int | float | None:
    if text is None:
        return None
    number = float(text)
    return int(number) if number.is_integer() else number
