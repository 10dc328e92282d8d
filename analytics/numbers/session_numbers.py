"""The numbers of sessions in Redis: moving sessions on, and reading what all add up to.

Sessions are counted three times over, each time into hashes of the same counters (trails.py): of
all of them, of each UTC day, and of each quarter-hour. A span is put together from the largest
pieces that lie whole in it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby
from typing import NamedTuple

from analytics import keys
from analytics.contributions.trails import Step
from analytics.keys import FormKeys
from analytics.times import retention, series
from formplatform.core.connections import Numbers

from .counters import counts_of, text
from .kept_quarters import read_quarters
from .server_functions import ADVANCE, Call, ServerFunctions, Status

Counts = Counter[str]


class SessionClaim(NamedTuple):
    """A session from the mark that is counted to another one."""

    session_id: str
    expected: bytes
    target: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionMove:
    """Sessions of one form and what all of them together add, into the live numbers or a shadow.

    It costs least where sessions that share a bucket (`keys.bucket_of`) follow each other.
    """

    form_id: str
    claims: Sequence[SessionClaim]
    steps: Sequence[Step]
    shadow: int | None = None


@dataclass(frozen=True, slots=True)
class SessionOutcome:
    """What a call did. `stored` is, where it was refused, the mark of each claim that is counted.

    `rebuild` is the generation that is being rebuilt and wants the same.
    """

    status: Status
    rebuild: int | None
    stored: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class SpanCounts:
    """What the sessions that began in a span add up to.

    `coarse_before` is None where that is exact. Otherwise the span cuts a UTC day before that one,
    whose quarter-hours are gone: it is in the span whole, or not at all.
    """

    counts: Counts
    coarse_before: str | None = None


class SessionNumbers:
    """The sessions of every form, kept by one Redis client."""

    def __init__(self, client: Numbers, functions: ServerFunctions) -> None:
        self._redis = client
        self._functions = functions
        self._generations: dict[str, int] = {}

    def advance(self, moves: Iterable[SessionMove]) -> list[SessionOutcome]:
        """Make each move, whole and once; a refused one changed nothing and says why.

        Redis works on the first ones while the next are made.
        """
        made: list[SessionMove] = []
        answers = self._functions.run(self._calls(moves, made))
        outcomes = []
        for move, (status, rebuild, *rest) in zip(made, answers, strict=True):
            if status == Status.OTHER_GENERATION and move.shadow is None:
                self._generations[move.form_id] = rest[0]
            stored = [text(mark).encode() for mark in rest] if status == Status.REFUSED else ()
            outcomes.append(SessionOutcome(Status(status), rebuild or None, stored))
        return outcomes

    def read_all(self, form_id: str) -> Counts:
        """What all sessions of a form add up to."""
        (found,) = self._read(form_id, [keys.sessions()])
        return found

    def read_span(
        self, form_id: str, zone: tzinfo, *, since: datetime | None, until: datetime | None
    ) -> SpanCounts:
        """Those that began in a half-open span, widened to whole quarter-hours.

        Where quarter-hours are gone, a UTC day is taken for the day of the same date in the zone.
        """
        if since is None and until is None:
            return SpanCounts(self.read_all(form_id))
        begin, end = series.bounds_of(since, until)
        (days,) = self._read(form_id, [keys.session_days()])
        span = series.days_within(begin, end)
        touched = [day for day in days if day in span]
        cut = span.cut & {*touched}
        quarters = read_quarters(
            self._redis,
            FormKeys(form_id).prefix,
            keys.session_days(),
            {day: keys.session_quarters(day) for day in cut},
        )
        gone = cut - quarters.keys()
        pieces = [
            keys.sessions_of_day(day)
            for day in touched
            if day not in cut or (day in gone and begin <= series.noon_of(day, zone) < end)
        ]
        pieces += [
            keys.sessions_of_quarter(day, number)
            for day, numbers in quarters.items()
            for number in numbers
            if begin <= series.midnight_of(day) + number * series.QUARTER < end
        ]
        counts = Counts()
        for piece in self._read(form_id, pieces):
            counts.update(piece)
        return SpanCounts(+counts, retention.day_after(gone))

    def _read(self, form_id: str, names: Iterable[str]) -> list[Counts]:
        return read_counts(self._redis, FormKeys(form_id).prefix, names)

    def _calls(self, moves: Iterable[SessionMove], made: list[SessionMove]) -> Iterator[Call]:
        for move in moves:
            made.append(move)
            yield self._call(move)

    def _call(self, move: SessionMove) -> Call:
        form = FormKeys(move.form_id, move.shadow)
        generation = move.shadow
        if generation is None:
            generation = self._generations.get(move.form_id, 0)
        ids, expected, target = zip(*move.claims, strict=True)
        buckets = [
            (bucket, len([*some]))
            for bucket, some in groupby(form.counted_sessions(generation, each) for each in ids)
        ]
        names = [form.guard, form.rebuild, *(bucket for bucket, _ in buckets)]
        sizes = ",".join(str(size) for _, size in buckets)
        steps = [
            (step.key, step.expires_at or 0, [*step.amounts.keys()], [*step.amounts.values()])
            for step in move.steps
        ]
        head = (generation, form.prefix, sizes, _dumps(steps))
        return Call(ADVANCE, names, [*head, *map(bytes.fromhex, ids), *expected, *target])


_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def read_counts(client: Numbers, prefix: str, names: Iterable[str]) -> list[Counts]:
    """The counters of each key that are not zero."""
    pipeline = client.pipeline(transaction=False)
    for name in names:
        pipeline.hgetall(prefix + name)
    return [
        Counts({name: count for name, count in counts_of(stored).items() if count})
        for stored in pipeline.execute()
    ]
