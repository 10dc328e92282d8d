"""Live numbers of forms in Redis: taking responses in and reading the numbers out.

A response moves from the revision that is counted to another one by the difference of the two,
under compare-and-set on that revision, in one call of a Redis Function. Duplicates and any order
therefore come to the same numbers. See docs/guides/analytics.md.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from caching.circuit import Circuit
from formplatform.core import clock
from formplatform.core.connections import Numbers, numbers, reading_numbers
from formplatform.forms.domain import Answers
from formplatform.forms.ids import new_id

from . import keys, series
from .contributions import NOTHING, Step, contribution_of, difference
from .form_fields import fields_of_form
from .keys import FormKeys
from .series import Granularity
from .server_functions import APPLY, Call, ServerFunctions, Status
from .session_figures import session_figures
from .session_numbers import SessionNumbers
from .summaries import FieldSummary, summarise

CAP = 200
"""Values of one field that get a count of their own; the others share one."""

AWAY_SECONDS = 2.0
"""How long readers leave a Redis alone that did not answer one of them."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A response of which `expected` must be counted (0: nothing), and then `target` is."""

    response_id: str
    expected: int
    target: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """Responses of one form from counted revisions to other ones: all at once or not at all."""

    form_id: str
    claims: Sequence[Claim]
    steps: Sequence[Step]
    shadow: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call did. `stored` holds, where it was refused, the counted revision per claim.

    `rebuild` is the generation that is being rebuilt and wants the same.
    """

    status: Status
    rebuild: int | None
    stored: Sequence[int] = ()


class FormAggregator:
    """The numbers of every form, kept by one Redis client (a single server or a cluster)."""

    def __init__(self, redis_client: Numbers) -> None:
        self._redis = redis_client
        self._functions = ServerFunctions(redis_client)
        self.sessions = SessionNumbers(redis_client, self._functions)
        self._generations: dict[str, int] = {}
        self.circuit = Circuit(open_seconds=AWAY_SECONDS)

    def on_response_submitted(
        self,
        form_id: str,
        response_data: Answers,
        *,
        response_id: str | None = None,
        submitted_at: datetime | None = None,
    ) -> None:
        """Count a new response, given as answers by field id; again with the same id is nothing.

        The platform itself counts by event (`counting.count_responses`), which also knows edits.
        """
        response_id = response_id or new_id()
        contribution = contribution_of(
            response_data,
            fact=(response_id, 1),
            submitted_at=submitted_at or clock.now(),
            fields=fields_of_form(form_id),
        )
        move = Move(
            form_id=form_id,
            claims=[Claim(response_id, expected=0, target=1)],
            steps=difference([(NOTHING, contribution)]),
        )
        while self.apply([move])[0].status is Status.OTHER_GENERATION:
            pass

    def apply(self, moves: Sequence[Move]) -> list[Outcome]:
        """Make each move, whole and once; a refused one changed nothing and says why."""
        calls = [self._apply_call(move) for move in moves]
        return self._outcomes([(move.form_id, move.shadow) for move in moves], calls)

    def get_metrics(self, form_id: str, *, timezone: str = "UTC") -> dict[str, Any]:
        """Totals of a form. `completion_rate` is None until a session has started."""
        form = FormKeys(form_id)
        stats = _counts(self._redis.hgetall(form.prefix + keys.stats()))
        today = self.get_timeseries(
            form_id, Granularity.DAY.value, timezone=timezone, since=_midnight(timezone)
        )
        return {
            "total_responses": stats.get("total_responses", 0),
            "today_submissions": sum(bucket["count"] for bucket in today),
            **session_figures(self.sessions.read_all(form_id)),
        }

    def get_timeseries(
        self,
        form_id: str,
        granularity: str = "day",
        *,
        timezone: str = "UTC",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[dict[str, Any]]:
        """Responses per bucket by submission time: `{timestamp, count}`, empty ones too.

        `since` and `until` bound a half-open span, widened to whole quarter-hours (or minutes);
        without them it ends now and reaches back an hour, a day or as far as the granularity
        deserves. Minutes are kept for 48 hours.
        """
        size, zone = Granularity(granularity), ZoneInfo(timezone)
        start, end = series.span_of(size, zone, since=since, until=until, now=clock.now())
        whole_days = timezone == "UTC" and size not in series.SHORT
        form = FormKeys(form_id)
        if size is Granularity.MINUTE:
            days = self._minutes(form, start, end)
        else:
            days = self._quarters(form, start, end, whole_days=whole_days)
        totals = series.add_up(days, size, zone, start=start, end=end)
        return [
            {"timestamp": series.label(bucket, zone), "count": count}
            for bucket, count in totals.items()
        ]

    def get_field_distribution(self, form_id: str, field_name: str) -> dict[str, int]:
        """Value or option id → responses, for one field by its id."""
        return dict(self.get_field_summary(form_id, field_name).values)

    def get_field_summary(self, form_id: str, field_id: str) -> FieldSummary:
        """Everything that is counted of one field."""
        prefix = FormKeys(form_id).prefix
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.hget(prefix + keys.stats(), "total_responses")
        pipeline.hget(prefix + keys.fields(), field_id)
        pipeline.hgetall(prefix + keys.distribution(field_id))
        pipeline.hgetall(prefix + keys.numbers(field_id))
        total, answered, values, figures = pipeline.execute()
        return summarise(
            total=int(total or 0),
            answered=int(answered or 0),
            values=_counts(values),
            figures={_text(name): _text(figure) for name, figure in figures.items()},
        )

    def find_total(self, form_id: str) -> int | None:
        """Responses that are counted; None where nothing ever was, or the numbers are lost."""
        total = self._redis.hget(FormKeys(form_id).prefix + keys.stats(), "total_responses")
        return None if total is None else int(total)

    def days(self, form_id: str) -> dict[str, int]:
        """UTC day → responses, for every day that has any."""
        counts = _counts(self._redis.hgetall(FormKeys(form_id).prefix + keys.days()))
        return {day: count for day, count in counts.items() if count}

    def _quarters(
        self, form: FormKeys, start: datetime, end: datetime, *, whole_days: bool
    ) -> dict[str, dict[int, int]]:
        wanted = set(series.days_of(start, end))
        counted = _counts(self._redis.hgetall(form.prefix + keys.days()))
        days = sorted(day for day in wanted & counted.keys() if counted[day])
        # In UTC a day that lies whole inside the span needs no quarter-hours.
        whole = {day for day in days if whole_days and series.covers(day, start, end)}
        pipeline = self._redis.pipeline(transaction=False)
        parted = [day for day in days if day not in whole]
        for day in parted:
            pipeline.hgetall(form.prefix + keys.quarter_hours(day))
        found = {day: {0: counted[day]} for day in whole}
        for day, quarters in zip(parted, pipeline.execute(), strict=True):
            found[day] = {int(number): count for number, count in _counts(quarters).items()}
        return found

    def _minutes(self, form: FormKeys, start: datetime, end: datetime) -> dict[str, dict[int, int]]:
        days = series.days_of(start, end)
        pipeline = self._redis.pipeline(transaction=False)
        for day in days:
            pipeline.hgetall(form.prefix + keys.minutes(day))
        size = series.DAY // series.MINUTE
        return {
            day: {int(minute) % size: count for minute, count in _counts(stored).items()}
            for day, stored in zip(days, pipeline.execute(), strict=True)
        }

    def _apply_call(self, move: Move) -> Call:
        form = FormKeys(move.form_id, move.shadow)
        generation = self._generation(move.form_id, move.shadow)
        buckets: dict[str, int] = {}
        claims: list[str | bytes | int] = []
        for claim in move.claims:
            bucket = form.applied(generation, claim.response_id)
            place = buckets.setdefault(bucket, len(buckets) + 1)
            claims += (place, bytes.fromhex(claim.response_id), claim.expected, claim.target)
        counters: dict[str, int] = {}
        steps: list[str | int] = []
        for kind, key, name, amount in move.steps:
            steps += (kind, counters.setdefault(key, len(counters) + 1), name, amount)
        prefix = form.prefix
        names = [form.guard, form.rebuild, *buckets, *(prefix + key for key in counters)]
        head = (generation, CAP, len(move.claims), len(buckets))
        # As one argument: the client takes longer to send many than the server to count them.
        return Call(APPLY, names, [*head, *claims, _dumps(steps)])

    def _generation(self, form_id: str, shadow: int | None) -> int:
        return self._generations.get(form_id, 0) if shadow is None else shadow

    def _outcomes(
        self, places: Iterable[tuple[str, int | None]], calls: Sequence[Call]
    ) -> list[Outcome]:
        outcomes = []
        for (form_id, shadow), answer in zip(places, self._functions.run(calls), strict=True):
            status, rebuild, *stored = answer
            if status == Status.OTHER_GENERATION and shadow is None:
                self._generations[form_id] = stored[0]
            outcomes.append(Outcome(Status(status), rebuild or None, stored))
        return outcomes


def current() -> FormAggregator:
    """The aggregator over the configured Redis, one per process."""
    return _over(numbers())


def reader() -> FormAggregator:
    """The same for requests that show numbers: a Redis that hangs is given up soon."""
    return _over(reading_numbers())


@cache
def _over(client: Numbers) -> FormAggregator:
    return FormAggregator(client)


_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _midnight(timezone: str) -> datetime:
    local = datetime.now(UTC).astimezone(ZoneInfo(timezone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _counts(stored: Mapping[Any, Any]) -> dict[str, int]:
    return {_text(name): int(count) for name, count in stored.items()}


def _text(value: Any) -> str:
    """Clients answer with bytes or, with `decode_responses`, with text."""
    return value.decode() if isinstance(value, bytes) else str(value)
