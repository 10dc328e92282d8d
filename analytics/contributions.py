"""What responses add to the numbers of their form. Pure: the same answers, the same numbers.

Everything is an integer added to a counter, so taking a response back is adding the negative, in
any order. Only the extremes of a number cannot be taken back; they are then marked stale.
Text and personal answers never leave the store: of them only "answered" is counted.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from formplatform.forms.domain import Answers
from formplatform.forms.storage.hashing import response_hash

from . import keys, retention, series
from .exact_sums import limbs, limbs_and_squares
from .query.fields import Field, Fields, Kind, fits
from .sketches import bucket_of

QUARTER_MINUTES = 15
MINUTE_SECONDS = 60
PLANS_KEPT = 4096
Number = int | float
Counter = tuple[str, str, bool]
"""Key within the form, field of its hash, whether the hash is capped."""
Step = tuple[str, str, str, int | str]
"""Kind, key, field, amount: see functions/apply.lua."""

Fact = tuple[str, int]
"""Response id and revision: what the proof of a day adds up."""

UNCAPPED = {Kind.MATRIX, Kind.RANKING}
"""Their values are bounded by the definition."""


@dataclass(slots=True)
class Contribution:
    """Counters with their amounts, and the value each number field was given (by its key)."""

    counts: dict[Counter, int] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)


NOTHING = Contribution()
"""What a deleted response contributes, and one that was never counted."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the answers to one field are counted."""

    kind: Kind
    answered: Counter
    spread: Callable[[Any], Iterable[str]] | None
    distribution: str
    capped: bool
    numbers: str | None


_SPREADS: dict[Kind, Callable[[Any], Iterable[str]]] = {
    Kind.CHOICE: lambda option: (option,),
    Kind.OPTIONS: lambda options: options,
    Kind.BOOLEAN: lambda truth: ("true" if truth else "false",),
    Kind.NUMBER: lambda number: (str(number),),
    Kind.DATE: lambda date: (date[: len("YYYY-MM")],),
    Kind.MOMENT: lambda moment: (moment[: len("YYYY-MM")],),
    Kind.MATRIX: lambda rows: [f"{row}/{column}" for row, column in rows.items()],
    Kind.RANKING: lambda ranked: [f"{n}/{option}" for n, option in enumerate(ranked, start=1)],
}
"""The values an answer is counted under."""


@lru_cache(maxsize=PLANS_KEPT)
def _plan(known: Field) -> _Plan:
    stepless = known.kind is Kind.NUMBER and not known.counts_values
    is_open = not known.personal
    return _Plan(
        kind=known.kind,
        answered=(keys.fields(), known.id, False),
        spread=_SPREADS.get(known.kind) if is_open and not stepless else None,
        distribution=keys.distribution(known.id),
        capped=known.kind not in UNCAPPED,
        numbers=keys.numbers(known.id) if is_open and known.kind is Kind.NUMBER else None,
    )


def contribution_of(
    answers: Answers | None, *, fact: Fact, submitted_at: datetime, fields: Fields
) -> Contribution:
    """The contribution of a response; a deleted one (None) contributes nothing.

    Its minute is left out once the key of that day's minutes has expired.
    """
    if answers is None:
        return NOTHING
    moment = submitted_at.astimezone(UTC)
    day = moment.date().isoformat()
    quarter = (moment.hour * 60 + moment.minute) // QUARTER_MINUTES
    result = Contribution()
    counts = result.counts
    counts[keys.stats(), "total_responses", False] = 1
    counts[keys.days(), day, False] = 1
    counts[keys.quarter_hours(day), str(quarter), False] = 1
    minute = int(moment.timestamp()) // MINUTE_SECONDS
    if time.time() < series.minutes_end(minute):
        counts[keys.minutes(day), str(minute), False] = 1
    for index, digit in limbs(response_hash(fact[0], revision=fact[1])):
        counts[keys.hashes(), f"{day}:{index}", False] = digit
    for field_id, answer in answers.items():
        known = fields.find_id(field_id)
        if known is not None and answer is not None:
            _add_answer(result, _plan(known), answer)
    return result


def _add_answer(result: Contribution, plan: _Plan, answer: Any) -> None:
    counts = result.counts
    counts[plan.answered] = 1
    if not fits(plan.kind, answer):
        return
    if plan.spread is not None:
        for value in plan.spread(answer):
            counts[plan.distribution, value, plan.capped] = 1
    if plan.numbers is not None:
        _add_number(result, plan.numbers, answer)


def _add_number(result: Contribution, key: str, value: Number) -> None:
    result.counts[key, "count", False] = 1
    result.counts[key, bucket_of(value), False] = 1
    digits, squares = limbs_and_squares(value)
    for index, digit in digits:
        result.counts[key, f"sum:{index}", False] = digit
    for index, digit in squares:
        result.counts[key, f"squares:{index}", False] = digit
    result.numbers[key] = value


def difference(moves: Iterable[tuple[Contribution, Contribution]]) -> list[Step]:
    """The steps from old contributions to new ones: counters first, then extremes."""
    amounts: dict[Counter, int] = {}
    added: dict[str, list[Number]] = {}
    removed: dict[str, list[Number]] = {}
    for old, new in moves:
        for counter, amount in new.counts.items():
            amounts[counter] = amounts.get(counter, 0) + amount
        for counter, amount in old.counts.items():
            amounts[counter] = amounts.get(counter, 0) - amount
        _collect(added, new.numbers, unless=old.numbers)
        _collect(removed, old.numbers, unless=new.numbers)
    steps = _counter_steps(amounts)
    return [*steps, *_extremes("+", added), *_extremes("-", removed)]


def _counter_steps(amounts: Mapping[Counter, int]) -> list[Step]:
    steps: list[Step] = []
    passing: set[str] = set()
    balance = 0
    for (key, name, capped), amount in amounts.items():
        if not amount:
            continue
        if key.startswith(keys.OF_FIELDS):
            kind = "c" if capped else "i"
            balance += amount
        else:
            kind = "m" if key.startswith(keys.MINUTES) else "i"
        if key.startswith(keys.QUARTERS):
            if not retention.is_written(key.removeprefix(keys.QUARTERS)):
                continue
            passing.add(key)
        steps.append((kind, key, name, amount))
    ends = ((key, retention.expires_at(key.removeprefix(keys.QUARTERS))) for key in passing)
    steps += [("e", key, "", end) for key, end in ends]
    if balance := balance % keys.BALANCE_MODULUS:
        steps.append(("i", keys.stats(), keys.BALANCE, balance))
    return steps


def _collect(
    into: dict[str, list[Number]], values: Mapping[str, Number], *, unless: Mapping[str, Number]
) -> None:
    for key, value in values.items():
        if unless.get(key) != value:
            into.setdefault(key, []).append(value)


def _extremes(kind: str, values: Mapping[str, list[Number]]) -> Iterator[Step]:
    """Of many values only the smallest and the largest can be an extreme."""
    for key, each in values.items():
        for value in {min(each), max(each)}:
            yield kind, key, "", repr(value)
