"""What one response adds to the numbers of its form. Pure: the same answers, the same numbers.

Everything is an integer added to a counter, so taking a response back is adding the negative, in
any order. Only the extremes of a number cannot be taken back; they are then marked stale.
Text and personal answers never leave the store: of them only "answered" is counted.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from formplatform.forms.domain import Answers

from . import exact_sums, keys
from .query.fields import Field, Fields, Kind, fits

QUARTER_MINUTES = 15
Counter = tuple[str, str, bool]
"""Key within the form, field of its hash, whether the hash is capped."""
Number = int | float
Step = tuple[str, str, str, str]
"""Kind, key, field, amount: see functions/apply.lua."""


@dataclass(slots=True)
class Contribution:
    """Counters with their amounts, and the value each number field was given."""

    counts: dict[Counter, int] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)

    def add(self, key: str, name: str, amount: int = 1, *, capped: bool = False) -> None:
        counter = (key, name, capped)
        self.counts[counter] = self.counts.get(counter, 0) + amount


def contribution_of(
    answers: Answers | None, *, submitted_at: datetime, fields: Fields
) -> Contribution:
    """The contribution of a response; a deleted one (None) contributes nothing."""
    result = Contribution()
    if answers is None:
        return result
    moment = submitted_at.astimezone(UTC)
    day = f"{moment:%Y-%m-%d}"
    result.add(keys.stats(), "total_responses")
    result.add(keys.days(), day)
    result.add(keys.quarter_hours(day), str((moment.hour * 60 + moment.minute) // QUARTER_MINUTES))
    for field_id, answer in answers.items():
        known = fields.find_id(field_id)
        if known is not None and answer is not None:
            _add_answer(result, known, answer)
    return result


def _add_answer(result: Contribution, known: Field, answer: Any) -> None:
    result.add(keys.fields(), known.id)
    if known.personal or not fits(known.kind, answer):
        return
    distribution = keys.distribution(known.id)
    for value in distributed_values(known, answer):
        result.add(distribution, value, capped=known.kind not in UNCAPPED)
    if known.kind is Kind.NUMBER:
        _add_number(result, known.id, answer)


def distributed_values(known: Field, answer: Any) -> Iterable[str]:
    """The values an answer is counted under; none for text and for numbers without steps."""
    if known.kind is Kind.NUMBER and not known.counts_values:
        return ()
    spread = _SPREADS.get(known.kind)
    return () if spread is None else spread(answer)


_SPREADS: dict[Kind, Callable[[Any], Iterable[str]]] = {
    Kind.CHOICE: lambda option: [option],
    Kind.OPTIONS: lambda options: options,
    Kind.BOOLEAN: lambda truth: ["true" if truth else "false"],
    Kind.NUMBER: lambda number: [str(number)],
    Kind.DATE: lambda date: [date[: len("YYYY-MM")]],
    Kind.MOMENT: lambda moment: [moment[: len("YYYY-MM")]],
    Kind.MATRIX: lambda rows: [f"{row}/{column}" for row, column in rows.items()],
    Kind.RANKING: lambda ranked: [f"{n}/{option}" for n, option in enumerate(ranked, start=1)],
}
UNCAPPED = {Kind.MATRIX, Kind.RANKING}
"""Their values are bounded by the definition."""


def _add_number(result: Contribution, field_id: str, value: Number) -> None:
    key = keys.numbers(field_id)
    exact = value if isinstance(value, int) else Fraction(value)
    result.add(key, "count")
    for index, digit in exact_sums.limbs(exact):
        result.add(key, f"sum:{index}", digit)
    for index, digit in exact_sums.limbs(exact * exact):
        result.add(key, f"squares:{index}", digit)
    result.numbers[field_id] = value


def difference(old: Contribution, new: Contribution) -> list[Step]:
    """The steps from one contribution to another: counters first, then extremes."""
    amounts: dict[Counter, int] = dict(new.counts)
    for counter, amount in old.counts.items():
        amounts[counter] = amounts.get(counter, 0) - amount
    steps = [
        ("c" if capped else "i", key, name, str(amount))
        for (key, name, capped), amount in amounts.items()
        if amount
    ]
    steps += _extremes("+", new.numbers, unless=old.numbers)
    steps += _extremes("-", old.numbers, unless=new.numbers)
    return steps


def _extremes(
    kind: str, values: Mapping[str, Number], *, unless: Mapping[str, Number]
) -> Iterator[Step]:
    for field_id, value in values.items():
        if unless.get(field_id) != value:
            yield kind, keys.numbers(field_id), "", repr(value)
