"""The numbers of a form as its readers get them.

`as_of` says when they were read from Redis: they held then, and hold until something is counted.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from caching.decorators import cached
from caching.keys import form_tag
from caching.tags import bump
from formplatform.core import clock
from formplatform.core.errors import NotFoundError
from formplatform.core.events import Event
from formplatform.forms.domain import JsonObject
from formplatform.forms.events import ResponseEvent, SessionAdvanced

from . import query_builder
from .contributions import hidden_values
from .fields.form_fields import fields_of_form
from .figures.descriptions import describe
from .figures.distributions import listed_values, other_counts
from .figures.small_cells import (
    cover_distribution,
    cover_metrics,
    cover_series,
    least_of_span,
    min_cell_of,
)
from .figures.summaries import FieldSummary, NumberSummary
from .numbers.drift import last_drift
from .outages import answering
from .times.granularity import Granularity
from .times.series import span_of

KEPT_SECONDS = 300
"""Counting makes an answer stale at once; this only bounds how long an unread one is kept."""


def metrics_of(
    form_id: str,
    *,
    timezone: str = "UTC",
    since: datetime | None = None,
    until: datetime | None = None,
) -> JsonObject:
    """Totals as `FormAggregator.get_metrics` says. Raises UnavailableError without Redis."""
    today = clock.now().astimezone(ZoneInfo(timezone)).date()
    answer: JsonObject = _metrics(form_id, timezone, since, until, today.isoformat())
    least = min_cell_of(form_id)
    if least and (since or until):
        whole = _metrics(form_id, timezone, None, None, today.isoformat())
        least = least_of_span(least, _bases(answer), _bases(whole))
    return cover_metrics(answer, least) if least else answer


def _bases(numbers: JsonObject) -> tuple[int, int]:
    return numbers["total_responses"], numbers["sessions"]["viewed"]


@cached(ttl=KEPT_SECONDS, tags=lambda form_id, *_: [numbers_tag(form_id)])
def _metrics(
    form_id: str, timezone: str, since: datetime | None, until: datetime | None, _today: str
) -> JsonObject:
    as_of = clock.to_text(clock.now())
    with answering() as live:
        numbers = live.get_metrics(form_id, timezone=timezone, since=since, until=until)
        drift = last_drift(form_id)
    base = {"base_n": numbers["total_responses"], "drift": drift}
    return {"form_id": form_id, **numbers, **base, "as_of": as_of}


def timeseries_of(
    form_id: str,
    *,
    granularity: str = "day",
    timezone: str = "UTC",
    since: datetime | None = None,
    until: datetime | None = None,
) -> JsonObject:
    """Responses per bucket, as `FormAggregator.get_timeseries` says."""
    start, end = span_of(
        Granularity(granularity), ZoneInfo(timezone), since=since, until=until, now=clock.now()
    )
    answer: JsonObject = _timeseries(form_id, granularity, timezone, start, end)
    least = min_cell_of(form_id)
    return cover_series(answer, least) if least else answer


@cached(ttl=KEPT_SECONDS, tags=lambda form_id, *_: [numbers_tag(form_id)])
def _timeseries(
    form_id: str, granularity: str, timezone: str, start: datetime, end: datetime
) -> JsonObject:
    as_of = clock.to_text(clock.now())
    with answering() as live:
        found = live.read_series(form_id, granularity, timezone=timezone, since=start, until=end)
        drift = last_drift(form_id)
    buckets = found.listed()
    total = sum(bucket["count"] for bucket in buckets)
    return {
        "form_id": form_id,
        "granularity": granularity,
        "timezone": timezone,
        "buckets": buckets,
        "total": total,
        "coarse_before": found.coarse_before,
        "base_n": total,
        "drift": drift,
        "as_of": as_of,
    }


def distribution_of(form_id: str, field_name: str) -> JsonObject:
    """How the answers to one field are spread. `share` is of the responses that answer it.

    Raises NotFoundError for a field the form does not have. Of personal fields and of text only
    `answered`, `missing` and about how many are `distinct` are known. `description` is what
    `descriptions` make of it.
    """
    field = fields_of_form(form_id).find(field_name)
    if field is None:
        raise NotFoundError(f'The form has no field "{field_name}".')
    answer: JsonObject = _distribution(form_id, field.id)
    least = min_cell_of(form_id)
    return cover_distribution(answer, field, least) if least else answer


@cached(ttl=KEPT_SECONDS, tags=lambda form_id, _: [numbers_tag(form_id), form_tag(form_id)])
def _distribution(form_id: str, field_id: str) -> JsonObject:
    as_of = clock.to_text(clock.now())
    field = fields_of_form(form_id).find_id(field_id)
    if field is None:  # published anew meanwhile
        raise NotFoundError(f'The form has no field "{field_id}".')
    with answering() as live:
        summary = live.get_field_summary(form_id, field.id)
        drift = last_drift(form_id)
    return {
        "form_id": form_id,
        "field": field.id,
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "personal": field.personal,
        "answered": summary.answered,
        "missing": summary.missing,
        "values": [] if field.personal else listed_values(field, summary),
        "other": 0 if field.personal else summary.other,
        "other_counts": other_counts(field),
        "distinct": _distinct(summary) if field.hides_values else None,
        "numbers": None if field.personal else _numbers(form_id, field.name, summary),
        "description": None if field.personal else describe(field, summary),
        "base_n": summary.answered,
        "drift": drift,
        "as_of": as_of,
    }


def _distinct(summary: FieldSummary) -> JsonObject:
    return {
        "count": summary.distinct,
        "error": hidden_values.ERROR,
        "gone": summary.distinct_gone,
    }


def _numbers(form_id: str, name: str, summary: FieldSummary) -> JsonObject | None:
    numbers = summary.numbers
    if numbers is None:
        return None
    return {
        "count": numbers.count,
        "sum": numbers.sum,
        "mean": numbers.mean,
        "standard_deviation": numbers.standard_deviation,
        "median": summary.quantile(0.5),
        "p90": summary.quantile(0.9),
        "p95": summary.quantile(0.95),
        "quantile_error": summary.quantile_error,
        "minimum": _extreme(form_id, name, numbers, "min"),
        "maximum": _extreme(form_id, name, numbers, "max"),
    }


def _extreme(form_id: str, name: str, numbers: NumberSummary, aggregate: str) -> Any:
    """An extreme that was taken back is looked up among the responses."""
    smallest = aggregate == "min"
    if not (numbers.minimum_stale if smallest else numbers.maximum_stale):
        return numbers.minimum if smallest else numbers.maximum
    query = {"aggregate": aggregate, "value": f"data.{name}"}
    return query_builder.uncovered_rows(form_id, query)[0]["value"]


def forget(events: Iterable[Event]) -> None:
    """Let readers see what was counted of these events."""
    forms = {each.form_id for each in events if isinstance(each, ResponseEvent | SessionAdvanced)}
    forget_forms(forms)


def forget_forms(form_ids: Iterable[str]) -> None:
    """Let readers see the numbers as they are now. Raises UnavailableError without Redis."""
    bump(*map(numbers_tag, form_ids))


def numbers_tag(form_id: str) -> str:
    """The tag of everything read from a form's numbers."""
    return f"numbers:{form_id}"
