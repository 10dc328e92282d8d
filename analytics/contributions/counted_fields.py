"""How the answers to each field of a form are counted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from analytics import keys
from analytics.query.fields import Fields, Kind

KEPT = 512
HIDES, BY_VALUE = "!", "+"
UNCAPPED = {Kind.MATRIX, Kind.RANKING}
"""Their values are bounded by the definition."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CountedField:
    """`spread` gives the values that answers are counted under; of numbers, see `by_value`.

    A field without either is only known to be answered; see also `distinct`.
    """

    id: str
    kind: Kind
    spread: Callable[[list[Any]], Iterable[str]] | None
    distribution: str
    capped: bool
    numbers: str | None
    by_value: bool
    """Whether each number has a count of its own as well."""
    distinct: str | None
    """Where different answers are counted that must stay hidden."""

    @property
    def code(self) -> str:
        """Says, together with the id, all of it."""
        return f"{self.kind.value}{HIDES * bool(self.distinct)}{BY_VALUE * self.by_value}"


@lru_cache(maxsize=KEPT)
def counted_fields(fields: Fields) -> tuple[CountedField, ...]:
    return tuple(
        _counted(known.id, known.kind, hides=known.hides_values, by_value=known.counts_values)
        for known in fields
    )


@lru_cache(maxsize=KEPT)
def field_of_code(field_id: str, code: str) -> CountedField:
    kind = Kind(code.rstrip(HIDES + BY_VALUE))
    return _counted(field_id, kind, hides=HIDES in code, by_value=BY_VALUE in code)


def _counted(field_id: str, kind: Kind, *, hides: bool, by_value: bool) -> CountedField:
    is_number = kind is Kind.NUMBER and not hides
    return CountedField(
        id=field_id,
        kind=kind,
        spread=None if hides else _SPREADS.get(kind),
        distribution=keys.distribution(field_id),
        capped=kind not in UNCAPPED,
        numbers=keys.numbers(field_id) if is_number else None,
        by_value=by_value and is_number,
        distinct=keys.distinct(field_id) if hides else None,
    )


def _by_row(given: list[dict[str, str]]) -> list[str]:
    return [f"{row}/{column}" for rows in given for row, column in rows.items()]


def _by_place(given: list[list[str]]) -> list[str]:
    return [f"{n}/{option}" for ranked in given for n, option in enumerate(ranked, start=1)]


def _by_month(given: list[str]) -> list[str]:
    return [moment[: len("YYYY-MM")] for moment in given]


_SPREADS: dict[Kind, Callable[[list[Any]], Iterable[str]]] = {
    Kind.CHOICE: lambda given: given,
    Kind.OPTIONS: lambda given: [option for options in given for option in {*options}],
    Kind.BOOLEAN: lambda given: ["true" if truth else "false" for truth in given],
    Kind.DATE: _by_month,
    Kind.MOMENT: _by_month,
    Kind.MATRIX: _by_row,
    Kind.RANKING: _by_place,
}
