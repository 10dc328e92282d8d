"""Responses that are counted one by one wait in a text, and enter the counters together.

A call for one response claims its revision and puts behind the text of its form what it adds, or
takes away: two or three commands. Who finds the text long enough, and everybody who reads numbers,
takes it: adds it all up at once and hands that in, in place of as much of the text, whole and once.
So readers see all that was counted before they came, and a counter is written once for many.

Each line has a sign, the minute, the hash of id and revision, its fields, and an answer for each;
of hidden ones none, but their keyed hashes, sealed together.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

import orjson

from analytics import keys
from analytics.contributions.counted_fields import CountedField, counted_fields, field_of_code
from analytics.contributions.entries import Entry, Totals
from analytics.contributions.hidden_values import hidden_all, seal, unseal
from analytics.contributions.moments import minute_of
from analytics.keys import FormKeys
from analytics.query.fields import Fields
from formplatform.core.connections import Numbers
from formplatform.core.errors import UnavailableError
from formplatform.forms.storage.hashing import response_hash

from .counters import DamagedError, integer
from .server_functions import APPLY, Call, ServerFunctions, Status

CAP = 200
"""Values of one field that get a count of their own; the others share one."""
MOST_BYTES = 64_000
"""So long may the text become: some two hundred responses, taken in a millisecond or two."""
ROUNDS = 100
KEPT = 2048


def pack(
    old: Mapping[Fields, Sequence[Entry]], new: Mapping[Fields, Sequence[Entry]]
) -> bytes | None:
    """What is to wait, each response by its version; None where JSON does not know an answer."""
    try:
        return b"".join([*_lines(old, -1), *_lines(new, 1)])
    except orjson.JSONEncodeError:
        return None


def _lines(counted: Mapping[Fields, Sequence[Entry]], sign: int) -> Iterator[bytes]:
    for fields, entries in counted.items():
        for identifier, revision, moment, answers in entries:
            answered, values, secrets = [], [], []
            for field in counted_fields(fields):
                answer = answers.get(field.id)
                if answer is None:
                    continue
                if field.distinct is not None:
                    secrets.append(answer)
                    answer = None
                answered.append(field)
                values.append(answer)
            found = response_hash(identifier, revision=revision)
            sealed = seal(hidden_all(secrets), found) if secrets else ""
            line = sign, minute_of(moment), found, _name(tuple(answered)), values, sealed
            yield orjson.dumps(line) + b","


@lru_cache(maxsize=KEPT)
def _name(fields: tuple[CountedField, ...]) -> str:
    return ",".join(f"{quote(field.id, safe='')}:{field.code}" for field in fields)


@lru_cache(maxsize=KEPT)
def _named(name: str) -> tuple[CountedField, ...]:
    pairs = (each.split(":") for each in name.split(",") if each)
    return tuple(field_of_code(unquote(field_id), code) for field_id, code in pairs)


def steps_of(text: bytes) -> str:
    """What a text of lines comes to."""
    alike: dict[tuple[int, str], list[Any]] = {}
    for line in orjson.loads(b"[" + text[:-1] + b"]"):
        alike.setdefault((line[0], line[3]), []).append(line)
    totals = Totals()
    for (sign, name), lines in alike.items():
        _, minutes, hashes, _, answers, sealed = zip(*lines, strict=True)
        totals.moments.add(minutes, hashes, sign)
        unsealed = zip(*map(unseal, filter(None, sealed), hashes), strict=True)
        for field, given in zip(_named(name), zip(*answers, strict=True), strict=True):
            totals.add_answers(field, list(next(unsealed) if field.distinct else given), sign)
    return totals.steps()


def _steps_of(text: bytes) -> str:
    try:
        return steps_of(text)
    except (ValueError, TypeError, LookupError) as error:
        raise DamagedError from error


def take_waiting(client: Numbers, functions: ServerFunctions, form_id: str) -> None:
    """Have everything that was counted so far in the counters.

    Raises UnavailableError where others keep taking it first, DamagedError where what waits is no
    such text, or the client's error.
    """
    form = FormKeys(form_id)
    names = [form.prefix + keys.waiting(), form.prefix + keys.taken(), form.generation]
    for _ in range(ROUNDS):
        found, taken, generation = client.mget(names)
        if not found:
            return
        text = found.encode() if isinstance(found, str) else found
        claims = "", "", "", ""
        head = form.prefix, generation or 0, CAP
        call = (*head, *claims, _steps_of(text), integer(taken or 0), len(text))
        ((status, *_),) = functions.run([Call(APPLY, [form.guard, form.rebuild], call)])
        if status == Status.APPLIED:
            return
    raise UnavailableError("Others keep counting what waits; try again.")
