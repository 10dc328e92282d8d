"""The numbers of a form as its readers get them.

`as_of` says when they were read from Redis: they held then, and hold until something is counted.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from formplatform.core import clock
from formplatform.core.errors import NotFoundError
from formplatform.core.events import Event
from formplatform.forms.domain import JsonObject

from . import aggregator, query_builder
from .distributions import listed_values
from .form_fields import fields_of_form
from .outages import answering
from .summaries import FieldSummary, NumberSummary


def metrics_of(form_id: str, *, timezone: str = "UTC") -> JsonObject:
    """Totals of a form; "today" is that of the zone. Raises UnavailableError without Redis."""
    with answering():
        numbers = aggregator.current().get_metrics(form_id, timezone=timezone)
    return {"form_id": form_id, **numbers, "as_of": clock.to_text(clock.now())}


def timeseries_of(
    form_id: str,
    *,
    granularity: str = "day",
    timezone: str = "UTC",
    since: datetime | None = None,
    until: datetime | None = None,
) -> JsonObject:
    """Responses per bucket, as `FormAggregator.get_timeseries` says."""
    with answering():
        buckets = aggregator.current().get_timeseries(
            form_id, granularity, timezone=timezone, since=since, until=until
        )
    return {
        "form_id": form_id,
        "granularity": granularity,
        "timezone": timezone,
        "buckets": buckets,
        "total": sum(bucket["count"] for bucket in buckets),
        "as_of": clock.to_text(clock.now()),
    }


def distribution_of(form_id: str, field_name: str) -> JsonObject:
    """How the answers to one field are spread. `share` is of the responses that answer it.

    Raises NotFoundError for a field the form does not have. Of personal fields and of text only
    `answered` and `missing` are known.
    """
    field = fields_of_form(form_id).find(field_name)
    if field is None:
        raise NotFoundError(f'The form has no field "{field_name}".')
    with answering():
        summary = aggregator.current().get_field_summary(form_id, field.id)
    return {
        "form_id": form_id,
        "field": field.id,
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "personal": field.personal,
        "answered": summary.answered,
        "missing": summary.missing,
        "values": listed_values(field, summary),
        "other": summary.other,
        "numbers": _numbers(form_id, field.id, summary),
        "as_of": clock.to_text(clock.now()),
    }


def _numbers(form_id: str, field_id: str, summary: FieldSummary) -> JsonObject | None:
    numbers = summary.numbers
    if numbers is None:
        return None
    return {
        "count": numbers.count,
        "sum": numbers.sum,
        "mean": numbers.mean,
        "standard_deviation": numbers.standard_deviation,
        "minimum": _extreme(form_id, field_id, numbers, "min"),
        "maximum": _extreme(form_id, field_id, numbers, "max"),
    }


def _extreme(form_id: str, field_id: str, numbers: NumberSummary, aggregate: str) -> Any:
    """An extreme that was taken back is looked up among the responses."""
    smallest = aggregate == "min"
    if not (numbers.minimum_stale if smallest else numbers.maximum_stale):
        return numbers.minimum if smallest else numbers.maximum
    query = {"aggregate": aggregate, "value": f"data.{field_id}"}
    return query_builder.execute_analytics_query(form_id, query)[0]["value"]


def forget(events: Sequence[Event]) -> None:
    """Let readers see what was counted."""
