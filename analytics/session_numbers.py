"""The numbers of sessions in Redis: moving one session on, and reading what all add up to.

Sessions are counted three times over, each time into hashes of the same counters (trails.py): of
all of them, of each UTC day, and of each quarter-hour. A span is put together from the largest
pieces that lie whole in it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from formplatform.core.connections import Numbers

from . import keys, retention, series
from .counters import integer
from .keys import FormKeys
from .server_functions import ADVANCE, Call, ServerFunctions, Status
from .trails import Step

Counts = Counter[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionMove:
    """A session from the mark that is counted to another one."""

    form_id: str
    session_id: str
    expected: bytes
    target: bytes
    steps: Sequence[Step]
    shadow: int | None = None


@dataclass(frozen=True, slots=True)
class SessionOutcome:
    """What a call did. `stored` is, where it was refused, the mark that is counted.

    `rebuild` is the generation that is being rebuilt and wants the same.
    """

    status: Status
    rebuild: int | None
    stored: bytes = b""


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

    def advance(self, moves: Sequence[SessionMove]) -> list[SessionOutcome]:
        """Make each move, whole and once; a refused one changed nothing and says why."""
        outcomes = []
        answers = self._functions.run([self._call(move) for move in moves])
        for move, (status, rebuild, *rest) in zip(moves, answers, strict=True):
            if status == Status.OTHER_GENERATION and move.shadow is None:
                self._generations[move.form_id] = rest[0]
            stored = _text(rest[0]).encode() if status == Status.REFUSED else b""
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
        quarters = retention.read_quarters(
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
        counts = sum(self._read(form_id, pieces), Counts())
        return SpanCounts(counts, retention.day_after(gone))

    def _read(self, form_id: str, names: Iterable[str]) -> list[Counts]:
        return read_counts(self._redis, FormKeys(form_id).prefix, names)

    def _call(self, move: SessionMove) -> Call:
        form = FormKeys(move.form_id, move.shadow)
        generation = move.shadow
        if generation is None:
            generation = self._generations.get(move.form_id, 0)
        counters: dict[str, int] = {}
        steps = [
            (
                [counters.setdefault(key, len(counters) + 1) for key in step_keys],
                [*amounts.keys()],
                [*amounts.values()],
            )
            for step_keys, amounts in move.steps
        ]
        expiries = [
            (place, retention.expires_at(day))
            for key, place in counters.items()
            if (day := keys.day_of_quarters(key)) is not None
        ]
        seen = form.counted_sessions(generation, move.session_id)
        names = [form.guard, form.rebuild, seen, *(form.prefix + key for key in counters)]
        head = (generation, bytes.fromhex(move.session_id), move.expected, move.target)
        return Call(ADVANCE, names, [*head, _dumps(steps), _dumps(expiries)])


_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def read_counts(client: Numbers, prefix: str, names: Iterable[str]) -> list[Counts]:
    """The counters of each key that are not zero."""
    pipeline = client.pipeline(transaction=False)
    for name in names:
        pipeline.hgetall(prefix + name)
    return [
        Counts({_text(name): integer(count) for name, count in stored.items() if integer(count)})
        for stored in pipeline.execute()
    ]


def _text(value: Any) -> str:
    """Clients answer with bytes or, with `decode_responses`, with text."""
    return value.decode() if isinstance(value, bytes) else str(value)
