"""What responses add to the numbers of their form. Pure: the same answers, the same numbers.

Everything is an integer added to a counter, so taking a response back is adding the negative, in
any order. Only the extremes of a number cannot be taken back; they are then marked stale.
Text and personal answers never leave the store: of them "answered" is counted, and how many
different ones there are by their hashes (see `hidden_values`).

Answers are counted field by field over all responses of a call, and figures are worked out once
per value: what a response costs by itself is a look at each of its answers.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from analytics import keys
from analytics.query.fields import Fields
from formplatform.forms.domain import Answers
from formplatform.forms.storage.hashing import response_hashes

from .counted_fields import CountedField, counted_fields
from .exact_sums import sums_and_squares
from .fitting import fitting
from .hidden_values import hidden_all
from .moments import Moments, minute_of
from .sketches import bucket_of
from .steps import END, Steps, piece

Number = int | float

Entry = tuple[str, int, datetime, Answers]
"""A response at one revision: its id, the revision, when it was submitted, its answers."""


class Totals:
    """What responses add up to, and what others take away from that."""

    def __init__(self) -> None:
        self.moments = Moments()
        self._answered: dict[str, int] = {}
        self._values: dict[CountedField, dict[str, int]] = {}
        self._numbers: dict[CountedField, dict[Number, int]] = {}
        self._hidden: dict[CountedField, dict[str, int]] = {}

    def add(self, entries: Sequence[Entry], fields: Fields, sign: int = 1) -> None:
        """Count responses of one version in, or (sign -1) out."""
        facts = [(identifier, revision) for identifier, revision, _, _ in entries]
        minutes = [minute_of(entry[2]) for entry in entries]
        self.moments.add(minutes, response_hashes(facts), sign)
        answers = [entry[3] for entry in entries]
        for field in counted_fields(fields):
            name = field.id
            given = [each for some in answers if (each := some.get(name)) is not None]
            if given:
                shown = hidden_all(given) if field.distinct else given
                self.add_answers(field, shown, sign)

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
        self.moments.add_steps(steps)
        steps.add_to_field("i", keys.fields(), self._answered)
        self._add_steps_of_answers(steps)
        return steps.close(self.moments.totals())

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


def _in(into: dict[Any, dict[Any, int]], key: Any) -> dict[Any, int]:
    found = into.get(key)
    if found is None:
        found = into[key] = {}
    return found
