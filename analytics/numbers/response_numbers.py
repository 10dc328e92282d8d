"""Sending Redis the moves of responses: one call each, many calls in a pipeline."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from analytics import keys
from analytics.keys import FormKeys
from formplatform.core.connections import Numbers

from .counters import DamagedError
from .moves import Claim, Move, Outcome
from .server_functions import APPLY, WAIT, Call, ServerFunctions, Status
from .waiting import CAP, MOST_BYTES, take_waiting

KEPT = 2048


class ResponseNumbers:
    """The responses of every form, as one Redis client counts them."""

    def __init__(self, client: Numbers, functions: ServerFunctions) -> None:
        self._redis = client
        self._functions = functions
        self._generations: dict[str, int] = {}

    def apply(self, moves: Iterable[Move]) -> list[Outcome]:
        """Make each move, whole and once; a refused one changed nothing and says why.

        Redis works on the first ones while the next are made.
        """
        made: list[Move] = []
        answers = self._functions.run(self._calls(moves, made))
        full: set[str] = set()
        outcomes = []
        for move, answer in zip(made, answers, strict=True):
            status, rebuild, *rest = answer
            if status == Status.OTHER_GENERATION and move.shadow is None:
                self._generations[move.form_id] = live_of(rest)
            elif status == Status.BEHIND or (rest and status and rest[0] > MOST_BYTES):
                full.add(move.form_id)
            elif not status and len(rest) > 1:
                rest = _in_order(move, rest)
            outcomes.append(Outcome(Status(status), rebuild or None, rest))
        for form_id in full:
            take_waiting(self._redis, self._functions, form_id)
        return outcomes

    def _calls(self, moves: Iterable[Move], made: list[Move]) -> Iterator[Call]:
        for move in moves:
            made.append(move)
            yield self._call(move)

    def _call(self, move: Move) -> Call:
        if move.waits is None:
            return self._apply_call(move)
        ((identifier, expected, target),) = move.claims
        generation = self._generations.get(move.form_id, 0)
        guard, rebuild, applied, waiting = _names(move.form_id, generation)
        seen = f"{applied}{keys.bucket_of(identifier)}"
        arguments = generation, bytes.fromhex(identifier), expected, target, move.waits
        return Call(WAIT, (guard, rebuild, seen, waiting), arguments)

    def _apply_call(self, move: Move) -> Call:
        form = FormKeys(move.form_id, move.shadow)
        generation = move.shadow
        if generation is None:
            generation = self._generations.get(move.form_id, 0)
        buckets = _in_buckets(move.claims, form, generation)
        listed = [claim for claims in buckets.values() for claim in claims]
        arguments = (
            form.prefix,
            generation,
            CAP,
            ",".join([str(len(claims)) for claims in buckets.values()]),
            bytes.fromhex("".join([claim[0] for claim in listed])),
            _listed([claim[1] for claim in listed]),
            _listed([claim[2] for claim in listed]),
            move.steps,
        )
        return Call(APPLY, (form.guard, form.rebuild, *buckets), arguments)


def live_of(rest: Sequence[Any]) -> int:
    """The generation that is live, of what a call answers. Raises DamagedError for no number."""
    if not rest:
        raise DamagedError
    return int(rest[0])


@lru_cache(maxsize=KEPT)
def _names(form_id: str, generation: int) -> tuple[str, str, str, str]:
    form = FormKeys(form_id)
    return form.guard, form.rebuild, form.all_applied(generation), form.prefix + keys.waiting()


def _in_buckets(claims: Sequence[Claim], form: FormKeys, generation: int) -> dict[str, list[Claim]]:
    """Claims by the key of applied revisions that they are about."""
    neighbours: dict[str, list[Claim]] = {}
    for claim in claims:
        neighbours.setdefault(claim[0][keys.NEIGHBOURS], []).append(claim)
    buckets: dict[str, list[Claim]] = {}
    for some in neighbours.values():
        buckets.setdefault(form.applied(generation, some[0][0]), []).extend(some)
    return buckets


def _in_order(move: Move, stored: Sequence[Any]) -> list[int]:
    """Counted revisions in the order of the claims, not of their buckets."""
    buckets = _in_buckets(move.claims, FormKeys(move.form_id), 0)
    sent = [claim[0] for claims in buckets.values() for claim in claims]
    found = dict(zip(sent, stored, strict=True))
    return [found[claim[0]] for claim in move.claims]


def _listed(revisions: list[int]) -> str:
    """One number where all are the same."""
    return ",".join(map(str, revisions if len({*revisions}) > 1 else revisions[:1]))
