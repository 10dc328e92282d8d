"""What responses add to the numbers of their form. Pure: the same answers, the same numbers.

Everything is an integer added to a counter, so taking a response back is adding the negative, in
any order. Only the extremes of a number cannot be taken back; they are then marked stale.
Text and personal answers never leave the store: of them "answered" is counted, and how many
different ones there are by their hashes (see `hidden_values`).

Answers are counted field by field over all responses of a call, and figures are worked out once
per value: what a response costs by itself is a look at each of its answers.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from formplatform.forms.domain import Answers
from formplatform.forms.storage.hashing import MODULUS, response_hashes

from . import keys, retention
from .counted_fields import CountedField, counted_fields
from .exact_sums import limbs, sums_and_squares
from .fitting import fitting
from .hidden_values import hidden_all
from .query.fields import Fields
from .series import DAY, MINUTE, QUARTER, minutes_end, minutes_kept_from
from .sketches import bucket_of
from .steps import END, Steps, piece

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTERS, MINUTES, MINUTES_OF_QUARTER = DAY // QUARTER, DAY // MINUTE, QUARTER // MINUTE
DAYS_KEPT = 4096
Number = int | float

Entry = tuple[str, int, datetime, Answers]
"""A response at one revision: its id, the revision, when it was submitted, its answers."""


class Totals:
    """What responses add up to, and what others take away from that."""

    def __init__(self) -> None:
        self._quarters: dict[int, int] = {}
        self._minutes: dict[int, int] = {}
        self._hashes: dict[int, int] = {}
        self._answered: dict[str, int] = {}
        self._values: dict[CountedField, dict[str, int]] = {}
        self._numbers: dict[CountedField, dict[Number, int]] = {}
        self._hidden: dict[CountedField, dict[str, int]] = {}

    def add(self, entries: Sequence[Entry], fields: Fields, sign: int = 1) -> None:
        """Count responses of one version in, or (sign -1) out.

        A minute is left out once the key of that day's minutes has expired.
        """
        facts = [(identifier, revision) for identifier, revision, _, _ in entries]
        minutes = [(entry[2] - EPOCH) // MINUTE for entry in entries]
        self.add_moments(minutes, response_hashes(facts), sign)
        answers = [entry[3] for entry in entries]
        for field in counted_fields(fields):
            name = field.id
            given = [each for some in answers if (each := some.get(name)) is not None]
            if given:
                shown = hidden_all(given) if field.distinct else given
                self.add_answers(field, shown, sign)

    def add_moments(self, minutes: Iterable[int], hashes: Iterable[int], sign: int) -> None:
        """Count responses by their minutes since 1970, and their hashes."""
        kept_from = minutes_kept_from(time.time()) * MINUTES
        for minute, found in zip(minutes, hashes, strict=True):
            quarter = minute // MINUTES_OF_QUARTER
            self._quarters[quarter] = self._quarters.get(quarter, 0) + sign
            self._hashes[quarter] = self._hashes.get(quarter, 0) + sign * found
            if minute >= kept_from:
                self._minutes[minute] = self._minutes.get(minute, 0) + sign

    def add_answers(self, field: CountedField, given: list[Any], sign: int) -> None:
        """Count the answers to one field; of a hidden one their hashes."""
        self._answered[field.id] = self._answered.get(field.id, 0) + sign * len(given)
        into: dict[Any, int]
        if field.spread is not None:
            values, into = field.spread(fitting(field.kind, given)), _in(self._values, field)
        elif field.numbers is not None:
            values, into = fitting(field.kind, given), _in(self._numbers, field)
        elif field.distinct is not None:
            values, into = given, _in(self._hidden, field)
        else:
            return
        for value in values:
            into[value] = into.get(value, 0) + sign

    def steps(self) -> str:
        """Everything that changes, and the balance with it."""
        steps = Steps()
        self._add_steps_of_moments(steps)
        steps.add_to_field("i", keys.fields(), self._answered)
        self._add_steps_of_answers(steps)
        return steps.close(sum(self._quarters.values()))

    def _add_steps_of_moments(self, steps: Steps) -> None:
        days: dict[str, int] = {}
        parts: dict[str, dict[str, int]] = {}
        for quarter, amount in self._quarters.items():
            day = day_of(quarter // QUARTERS)
            days[day] = days.get(day, 0) + amount
            _in(parts, day)[str(quarter % QUARTERS)] = amount
        steps.add("i", keys.days(), days)
        for day, quarters in parts.items():
            if retention.is_written(day):
                key, end = keys.quarter_hours(day), retention.expires_at(day)
                steps.add_passing(key, quarters, expires_at=end)
        steps.add("i", keys.hashes(), self._limbs_of_hashes())
        minutes: dict[str, dict[str, int]] = {}
        for minute, amount in self._minutes.items():
            _in(minutes, day_of(minute // MINUTES))[str(minute)] = amount
        for day, each in minutes.items():
            end = minutes_end(int(next(iter(each))))
            steps.add_passing(keys.minutes(day), each, expires_at=end)

    def _add_steps_of_answers(self, steps: Steps) -> None:
        for field, values in self._values.items():
            steps.add_to_field("c" if field.capped else "i", field.distribution, values)
        for field, numbers in self._numbers.items():
            _add_steps_of_numbers(steps, field, numbers)
        gone: dict[str, int] = {}
        for field, hashes in self._hidden.items():
            add_hidden(steps, field, [each for each, amount in hashes.items() if amount > 0])
            gone[field.id] = -sum(amount for amount in hashes.values() if amount < 0)
        steps.add("i", keys.gone(), gone)

    def _limbs_of_hashes(self) -> dict[str, int]:
        sums: dict[int, int] = {}
        for quarter, found in self._hashes.items():
            sums[quarter // QUARTERS] = sums.get(quarter // QUARTERS, 0) + found
        return {
            f"{day_of(day)}:{index}": digit
            for day, found in sums.items()
            for index, digit in limbs(found % MODULUS)
        }


def steps_between(
    old: Mapping[Fields, Sequence[Entry]], new: Mapping[Fields, Sequence[Entry]]
) -> str:
    """The steps from responses as they were counted to what they are, each by version."""
    totals = Totals()
    for sign, each in ((-1, old), (1, new)):
        for fields, entries in each.items():
            totals.add(entries, fields, sign)
    return totals.steps()


def _add_steps_of_numbers(steps: Steps, field: CountedField, numbers: dict[Number, int]) -> None:
    """The steps of numbers that each come, or go, so many times."""
    counted = {number: amount for number, amount in numbers.items() if amount}
    if field.by_value:
        texts = {_text_of(number): amount for number, amount in counted.items()}
        steps.add_to_field("c", field.distribution, texts)
    if counted and field.numbers is not None:
        steps.add_to_field("n", field.numbers, _figures(counted))
        steps.pieces.append(END.join((*_extremes(counted), "")))


def add_hidden(steps: Steps, field: CountedField, hashes: list[str]) -> None:
    """The step of answers by their hashes."""
    if hashes and field.distinct is not None:
        steps.pieces.append(piece("d", field.distinct, hashes, ()))


def _figures(numbers: Mapping[Number, int]) -> dict[str, int]:
    """Count, sketch and sums of numbers that each come, or go, so many times."""
    counters = {"count": sum(numbers.values())}
    for number, amount in numbers.items():
        bucket = bucket_of(number)
        counters[bucket] = counters.get(bucket, 0) + amount
    sums, squares = sums_and_squares(numbers)
    for index, digit in sums:
        counters[f"sum:{index}"] = digit
    for index, digit in squares:
        counters[f"squares:{index}"] = digit
    return counters


def _extremes(numbers: Mapping[Number, int]) -> tuple[str, str, str, str]:
    """The smallest and the largest that came, and that went."""
    added = [number for number, amount in numbers.items() if amount > 0]
    removed = [number for number, amount in numbers.items() if amount < 0]
    return *_ends(added), *_ends(removed)


def _ends(numbers: list[Number]) -> tuple[str, str]:
    return (repr(min(numbers)), repr(max(numbers))) if numbers else ("", "")


def _text_of(number: Number) -> str:
    """Equal numbers have one text, whichever type they came in."""
    return str(int(number)) if number == int(number) else str(number)


@lru_cache(maxsize=DAYS_KEPT)
def day_of(number: int) -> str:
    """A UTC day by its number since 1970."""
    return (EPOCH + timedelta(days=number)).date().isoformat()


def _in(into: dict[Any, dict[Any, int]], key: Any) -> dict[Any, int]:
    found = into.get(key)
    if found is None:
        found = into[key] = {}
    return found
