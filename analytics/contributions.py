"""What responses add to the numbers of their form. Pure: the same answers, the same numbers.

Everything is an integer added to a counter, so taking a response back is adding the negative, in
any order. Only the extremes of a number cannot be taken back; they are then marked stale.
Text and personal answers never leave the store: of them only "answered" is counted.

Answers are counted field by field over all responses of a call, and figures are worked out once
per value: what a response costs by itself is a look at each of its answers.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain
from typing import Any

from formplatform.forms.domain import Answers
from formplatform.forms.storage.hashing import MODULUS, response_hash

from . import keys
from .exact_sums import limbs, sums_and_squares
from .query.fields import LARGEST_STORED, Field, Fields, Kind, fits
from .series import DAY, MINUTE, MINUTES_KEPT, QUARTER
from .sketches import bucket_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = EPOCH.date()
QUARTERS, MINUTES = DAY // QUARTER, DAY // MINUTE
PLANS_KEPT = 512
PLACES_KEPT = 4096
Number = int | float

Entry = tuple[str, int, datetime, Answers]
"""A response at one revision: its id, the revision, when it was submitted, its answers."""

Step = tuple[str, str, list[str], list[int], list[str | None]]
"""Kind, key, names and amounts of its counters, extremes: see functions/apply.lua."""

UNCAPPED = {Kind.MATRIX, Kind.RANKING}
"""Their values are bounded by the definition."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the answers to one field are counted."""

    id: str
    kind: Kind
    spread: Callable[[list[Any]], Iterable[str]] | None
    distribution: str
    numbers: str | None
    by_value: bool


def _by_rows(given: list[dict[str, str]]) -> list[str]:
    return [f"{row}/{column}" for rows in given for row, column in rows.items()]


def _by_places(given: list[list[str]]) -> list[str]:
    return [f"{n}/{option}" for ranked in given for n, option in enumerate(ranked, start=1)]


def _by_months(given: list[str]) -> list[str]:
    return [moment[: len("YYYY-MM")] for moment in given]


_SPREADS: dict[Kind, Callable[[list[Any]], Iterable[str]]] = {
    Kind.CHOICE: lambda given: given,
    Kind.OPTIONS: lambda given: [option for options in given for option in {*options}],
    Kind.BOOLEAN: lambda given: ["true" if truth else "false" for truth in given],
    Kind.DATE: _by_months,
    Kind.MOMENT: _by_months,
    Kind.MATRIX: _by_rows,
    Kind.RANKING: _by_places,
}
"""The values that answers are counted under."""


@lru_cache(maxsize=PLANS_KEPT)
def _plans(fields: Fields) -> tuple[_Plan, ...]:
    return tuple(map(_plan, fields))


def _plan(known: Field) -> _Plan:
    is_number = known.kind is Kind.NUMBER and not known.personal
    return _Plan(
        id=known.id,
        kind=known.kind,
        spread=None if known.personal else _SPREADS.get(known.kind),
        distribution=keys.distribution(known.id),
        numbers=keys.numbers(known.id) if is_number else None,
        by_value=known.counts_values,
    )


class Totals:
    """What responses add up to, and what others take away from that."""

    def __init__(self) -> None:
        self._quarters: dict[int, int] = {}
        self._minutes: dict[int, int] = {}
        self._hashes: dict[int, int] = {}
        self._answered: dict[str, int] = {}
        self._values: dict[_Plan, dict[str, int]] = {}
        self._numbers: dict[_Plan, dict[Number, int]] = {}

    def add(self, entries: Iterable[Entry], fields: Fields, sign: int = 1) -> None:
        """Count responses of one version in, or (sign -1) out. Of no answers see `steps`.

        A minute is left out once the key of that day's minutes has expired.
        """
        listed = list(entries)
        self._add_moments(listed, sign)
        answers = [entry[3] for entry in listed]
        for plan in _plans(fields):
            given = [each for some in answers if (each := some.get(plan.id)) is not None]
            if given:
                self._answered[plan.id] = self._answered.get(plan.id, 0) + sign * len(given)
                self._add_answers(plan, given, sign)

    def _add_moments(self, entries: Iterable[Entry], sign: int) -> None:
        quarters, minutes, hashes = self._quarters, self._minutes, self._hashes
        kept_from = (int(time.time()) // 86_400 - MINUTES_KEPT // DAY) * QUARTERS
        for identifier, revision, moment, _ in entries:
            since = moment - EPOCH
            quarter = since // QUARTER
            quarters[quarter] = quarters.get(quarter, 0) + sign
            found = sign * response_hash(identifier, revision=revision)
            hashes[quarter] = hashes.get(quarter, 0) + found
            if quarter >= kept_from:
                minute = since // MINUTE
                minutes[minute] = minutes.get(minute, 0) + sign

    def _add_answers(self, plan: _Plan, given: list[Any], sign: int) -> None:
        into: dict[Any, int]
        if plan.spread is not None:
            values, into = plan.spread(_fitting(plan.kind, given)), _in(self._values, plan)
        elif plan.numbers is not None:
            values, into = _fitting(plan.kind, given), _in(self._numbers, plan)
        else:
            return
        for value in values:
            into[value] = into.get(value, 0) + sign

    def steps(self) -> list[Step]:
        """Everything that changes, key by key; the balance of the fields' counters with it."""
        of_fields = [*self._steps_of_fields()]
        balance = sum(map(sum, (step[3] for step in of_fields))) % keys.BALANCE_MODULUS
        total = sum(self._quarters.values())
        stats = {"total_responses": total, keys.BALANCE: balance}
        return [*_step("i", keys.stats(), stats), *self._steps_of_moments(), *of_fields]

    def _steps_of_moments(self) -> Iterator[Step]:
        days: dict[str, int] = {}
        parts: dict[str, dict[str, int]] = {}
        for quarter, amount in self._quarters.items():
            day = _day(quarter // QUARTERS)
            days[day] = days.get(day, 0) + amount
            _in(parts, day)[str(quarter % QUARTERS)] = amount
        yield from _step("i", keys.days(), days)
        for day, quarters in parts.items():
            yield from _step("i", keys.quarter_hours(day), quarters)
        yield from _step("i", keys.hashes(), self._limbs_of_hashes())
        minutes: dict[str, dict[str, int]] = {}
        for minute, amount in self._minutes.items():
            _in(minutes, _day(minute // MINUTES))[str(minute)] = amount
        for day, each in minutes.items():
            yield from _step("m", keys.minutes(day), each)

    def _limbs_of_hashes(self) -> dict[str, int]:
        sums: dict[int, int] = {}
        for quarter, found in self._hashes.items():
            sums[quarter // QUARTERS] = sums.get(quarter // QUARTERS, 0) + found
        return {
            f"{_day(day)}:{index}": digit
            for day, found in sums.items()
            for index, digit in limbs(found % MODULUS)
        }

    def _steps_of_fields(self) -> Iterator[Step]:
        yield from _step("i", keys.fields(), self._answered)
        for plan, values in self._values.items():
            yield from _step("i" if plan.kind in UNCAPPED else "c", plan.distribution, values)
        for plan, numbers in self._numbers.items():
            counted = {number: amount for number, amount in numbers.items() if amount}
            if plan.by_value:
                texts = {_text_of(number): amount for number, amount in counted.items()}
                yield from _step("c", plan.distribution, texts)
            if counted and plan.numbers is not None:
                yield from _figures(plan.numbers, counted)


def _figures(key: str, numbers: Mapping[Number, int]) -> Iterator[Step]:
    """Count, sums, sketch and extremes of numbers that each come, or go, so many times."""
    counters = {"count": sum(numbers.values())}
    for number, amount in numbers.items():
        bucket = bucket_of(number)
        counters[bucket] = counters.get(bucket, 0) + amount
    sums, squares = sums_and_squares(numbers)
    counters |= {f"sum:{index}": digit for index, digit in sums}
    counters |= {f"squares:{index}": digit for index, digit in squares}
    added = [number for number, amount in numbers.items() if amount > 0]
    removed = [number for number, amount in numbers.items() if amount < 0]
    yield from _step("n", key, counters, [*_ends(added), *_ends(removed)])


def _ends(numbers: list[Number]) -> list[str | None]:
    """Of many numbers only the smallest and the largest can be an extreme."""
    return [repr(min(numbers)), repr(max(numbers))] if numbers else [None, None]


def _step(
    kind: str, key: str, counters: Mapping[str, int], extremes: list[str | None] | None = None
) -> Iterator[Step]:
    changed = {name: amount for name, amount in counters.items() if amount}
    if changed or extremes:
        yield kind, key, [*changed], [*changed.values()], extremes or []


def _fitting(kind: Kind, given: list[Any]) -> list[Any]:
    """The answers that are of their field's kind: nearly always all, which is soon seen."""
    test = _ALL_FIT.get(kind)
    if test is not None and test(given, {*map(type, given)}):
        return given
    return [answer for answer in given if fits(kind, answer)]


def _are_numbers(given: list[Any], types: set[type]) -> bool:
    if types == {int}:
        return all(-LARGEST_STORED <= end <= LARGEST_STORED for end in (min(given), max(given)))
    return types == {float} and all(map(math.isfinite, given))


def _are_lists_of_texts(given: list[Any], types: set[type]) -> bool:
    return types == {list} and {*map(type, chain.from_iterable(given))} <= {str}


_ALL_FIT: dict[Kind, Callable[[list[Any], set[type]], bool]] = {
    Kind.CHOICE: lambda _, types: types == {str},
    Kind.DATE: lambda _, types: types == {str},
    Kind.MOMENT: lambda _, types: types == {str},
    Kind.BOOLEAN: lambda _, types: types == {bool},
    Kind.NUMBER: _are_numbers,
    Kind.OPTIONS: _are_lists_of_texts,
}


def _text_of(number: Number) -> str:
    """Equal numbers have one text, whichever type they came in."""
    return str(int(number)) if number == int(number) else str(number)


@lru_cache(maxsize=PLACES_KEPT)
def _day(number: int) -> str:
    return (EPOCH_DAY + timedelta(days=number)).isoformat()


def _in(into: dict[Any, dict[Any, int]], key: Any) -> dict[Any, int]:
    found = into.get(key)
    if found is None:
        found = into[key] = {}
    return found
