"""Live numbers of forms in Redis: taking responses in and reading the numbers out.

A response moves from the revision that is counted to another one by the difference of the two,
under compare-and-set on that revision, in one call of a Redis Function. Duplicates and any order
therefore come to the same numbers. See docs/guides/analytics.md.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from caching.circuit import Circuit
from formplatform.core import clock
from formplatform.core.connections import Numbers, numbers, reading_numbers
from formplatform.forms.domain import Answers
from formplatform.forms.ids import new_id

from . import keys
from .fields.form_fields import fields_of_form
from .figures.session_figures import session_figures
from .figures.summaries import FieldSummary, summarise
from .keys import FormKeys
from .numbers.counters import counts_of, integer, text
from .numbers.moves import Move, Outcome, make_move
from .numbers.response_numbers import ResponseNumbers
from .numbers.series_numbers import Series, SeriesNumbers
from .numbers.server_functions import ServerFunctions, Status
from .numbers.session_numbers import SessionNumbers
from .numbers.waiting import take_waiting
from .times import series
from .times.granularity import Granularity

AWAY_SECONDS = 2.0
"""How long readers leave a Redis alone that did not answer one of them."""


class FormAggregator:
    """The numbers of every form, kept by one Redis client (a single server or a cluster)."""

    def __init__(self, redis_client: Numbers) -> None:
        self._redis = redis_client
        self._functions = ServerFunctions(redis_client)
        self.series = SeriesNumbers(redis_client, self._functions)
        self.sessions = SessionNumbers(redis_client, self._functions)
        self._responses = ResponseNumbers(redis_client, self._functions)
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
        entry = response_id, 1, submitted_at or clock.now(), response_data
        new = {fields_of_form(form_id): [entry]}
        move = make_move(form_id, [(response_id, 0, 1)], {}, new)
        while self.apply([move])[0].status is Status.OTHER_GENERATION:
            pass

    def apply(self, moves: Iterable[Move]) -> list[Outcome]:
        """Make each move, whole and once; a refused one changed nothing and says why.

        Redis works on the first ones while the next are made.
        """
        return self._responses.apply(moves)

    def get_metrics(
        self,
        form_id: str,
        *,
        timezone: str = "UTC",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> dict[str, Any]:
        """Totals of a form: of responses submitted, and sessions begun, in a half-open span.

        `today_submissions` are those of today in the zone, whatever the span. `completion_rate` is
        None until a session has started; the times of `time_to_complete` are in seconds. Where
        `coarse_before` is not None, the span cuts a UTC day before that one, whose quarter-hours
        are gone: it belongs to the span like the day of the same date in the zone.
        """
        zone, midnight = ZoneInfo(timezone), _midnight(timezone)
        today = self.get_timeseries(form_id, "day", timezone=timezone, since=midnight)
        found = self.sessions.read_span(form_id, zone, since=since, until=until)
        if since is None and until is None:
            total, coarse_before = self.find_total(form_id) or 0, None
        else:
            total, coarse_before = self.series.count(form_id, zone, since=since, until=until)
        return {
            "total_responses": total,
            "today_submissions": sum(bucket["count"] for bucket in today),
            **session_figures(found.counts),
            "coarse_before": max(filter(None, (coarse_before, found.coarse_before)), default=None),
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
        deserves. Minutes are kept for 48 hours; InvalidInputError is raised where it
        takes quarter-hours that are gone and the buckets are shorter than a day.
        """
        found = self.read_series(form_id, granularity, timezone=timezone, since=since, until=until)
        return found.listed()

    def read_series(
        self,
        form_id: str,
        granularity: str,
        *,
        timezone: str,
        since: datetime | None,
        until: datetime | None,
    ) -> Series:
        """The same, and whether all of it is exact: quarter-hours are kept for some time only."""
        size, zone = Granularity(granularity), ZoneInfo(timezone)
        start, end = series.span_of(size, zone, since=since, until=until, now=clock.now())
        return self.series.read(form_id, size, zone, start=start, end=end)

    def get_field_distribution(self, form_id: str, field_name: str) -> dict[str, int]:
        """Value or option id → responses, for one field by its id."""
        return dict(self.get_field_summary(form_id, field_name).values)

    def get_field_summary(self, form_id: str, field_id: str) -> FieldSummary:
        """Everything that is counted of one field."""
        self._take_waiting(form_id)
        prefix = FormKeys(form_id).prefix
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.hget(prefix + keys.stats(), keys.TOTAL)
        pipeline.hget(prefix + keys.fields(), field_id)
        pipeline.hgetall(prefix + keys.distribution(field_id))
        pipeline.hgetall(prefix + keys.numbers(field_id))
        # By its name: pipelines of a cluster's client have no method for it.
        pipeline.execute_command("PFCOUNT", prefix + keys.distinct(field_id))
        pipeline.hget(prefix + keys.gone(), field_id)
        total, answered, values, figures, distinct, gone = pipeline.execute()
        return summarise(
            total=integer(total or 0),
            answered=integer(answered or 0),
            values=counts_of(values),
            figures={text(name): text(figure) for name, figure in figures.items()},
            distinct=distinct,
            distinct_gone=integer(gone or 0),
        )

    def find_total(self, form_id: str) -> int | None:
        """Responses that are counted; None where nothing ever was, or the numbers are lost."""
        self._take_waiting(form_id)
        total = self._redis.hget(FormKeys(form_id).prefix + keys.stats(), keys.TOTAL)
        return None if total is None else integer(total)

    def days(self, form_id: str) -> dict[str, int]:
        """UTC day → responses, for every day that has any."""
        return self.series.days(form_id)

    def _take_waiting(self, form_id: str) -> None:
        take_waiting(self._redis, self._functions, form_id)


def current() -> FormAggregator:
    """The aggregator over the configured Redis, one per process."""
    return _over(numbers())


def reader() -> FormAggregator:
    """The same for requests that show numbers: a Redis that hangs is given up soon."""
    return _over(reading_numbers())


@cache
def _over(client: Numbers) -> FormAggregator:
    return FormAggregator(client)


def _midnight(timezone: str) -> datetime:
    local = datetime.now(UTC).astimezone(ZoneInfo(timezone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)
