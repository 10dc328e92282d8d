"""The steps that count one response in: what `Totals` comes to, put together from kept pieces.

Of most answers the same few values come again and again: their pieces are made once. Nothing of
text and personal answers is kept.
"""

import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from formplatform.core import clock
from formplatform.forms.storage.hashing import response_hash

from . import keys, retention
from .contributions import (
    EPOCH,
    MINUTES,
    QUARTERS,
    Entry,
    Totals,
    add_hidden,
    add_steps_of_numbers,
    day_of,
    steps_of_answers,
)
from .counted_fields import CountedField, counted_fields
from .exact_sums import LIMB_BITS
from .fitting import fitting
from .hidden_values import hidden
from .query.fields import Fields
from .series import MINUTE, QUARTER, minutes_end, minutes_kept_from
from .steps import Steps, passing_piece, piece

PIECES_KEPT = 8192
QUARTERS_KEPT = 4096
LOW_LIMB = (1 << LIMB_BITS) - 1


def steps_between(
    old: Mapping[Fields, Sequence[Entry]], new: Mapping[Fields, Sequence[Entry]]
) -> str:
    """The steps from responses as they were counted to what they are, each by version."""
    if not old and [len(entries) for entries in new.values()] == [1]:
        ((fields, (entry,)),) = new.items()
        return steps_of_one(entry, fields)
    totals = Totals()
    for sign, each in ((-1, old), (1, new)):
        for fields, entries in each.items():
            totals.add(entries, fields, sign)
    return totals.steps()


def steps_of_one(entry: Entry, fields: Fields) -> str:
    """As `Totals.steps` after one `add`."""
    steps = Steps()
    _add_moment(steps, entry)
    answers, answered = entry[3], []
    for field in counted_fields(fields):
        answer = answers.get(field.id)
        if answer is None:
            continue
        answered.append(field.id)
        if field.spread is not None or field.by_value:
            _add_kept(steps, field, answer)
        elif field.numbers is not None and fitting(field.kind, [answer]):
            add_steps_of_numbers(steps, field, {answer: 1})
        elif field.distinct is not None:
            add_hidden(steps, field, [hidden(answer)])
    if answered:
        steps.pieces.append(piece("i", keys.fields(), answered, [1] * len(answered)))
        steps.balance += len(answered)
    return steps.close(1)


def _add_moment(steps: Steps, entry: Entry) -> None:
    identifier, revision, moment, _ = entry
    since = moment - EPOCH
    quarter = since // QUARTER
    day = day_of(quarter // QUARTERS)
    found = response_hash(identifier, revision=revision)
    names = (f"{day}:0", f"{day}:1")
    _add_quarter(steps, quarter)
    steps.pieces.append(piece("i", keys.hashes(), names, (found & LOW_LIMB, found >> LIMB_BITS)))
    minute = since // MINUTE
    if minute // MINUTES >= minutes_kept_from(time.time()):
        key, end = keys.minutes(day), minutes_end(minute)
        steps.pieces.append(passing_piece(key, [str(minute)], [1], end))


def _add_quarter(steps: Steps, quarter: int) -> None:
    of_day, of_quarter, end = _pieces_of_quarter(quarter, retention.days_kept())
    steps.pieces.append(of_day)
    if clock.now().timestamp() < end:
        steps.pieces.append(of_quarter)


@lru_cache(maxsize=QUARTERS_KEPT)
def _pieces_of_quarter(quarter: int, _days_kept: int) -> tuple[str, str, int]:
    day, number = day_of(quarter // QUARTERS), str(quarter % QUARTERS)
    end = retention.expires_at(day)
    of_quarter = passing_piece(keys.quarter_hours(day), [number], [1], end)
    return piece("i", keys.days(), [day], [1]), of_quarter, end


def _add_kept(steps: Steps, field: CountedField, answer: Any) -> None:
    if isinstance(answer, list) and all(isinstance(each, str) for each in answer):
        text, balance = _piece_of_options(field, tuple(answer))
    elif isinstance(answer, str | int | float):
        text, balance = _piece_of_value(field, answer)
    else:
        text, balance = steps_of_answers(field, [answer])
    steps.pieces.append(text)
    steps.balance += balance


@lru_cache(maxsize=PIECES_KEPT, typed=True)
def _piece_of_value(field: CountedField, answer: str | float) -> tuple[str, int]:
    return steps_of_answers(field, [answer])


@lru_cache(maxsize=PIECES_KEPT)
def _piece_of_options(field: CountedField, answer: tuple[str, ...]) -> tuple[str, int]:
    return steps_of_answers(field, [list(answer)])
