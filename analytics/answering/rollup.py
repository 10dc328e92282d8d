"""Answering a plan from the live numbers in Redis, where they hold all it takes.

They are used only while every stored response of the form is counted, so that they say what the
form store says.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from analytics import aggregator
from analytics.figures.summaries import FieldSummary, NumberSummary
from analytics.numbers.series_numbers import Series
from analytics.outages import answering
from analytics.query.ast import (
    Aggregate,
    Between,
    Column,
    Dimension,
    Granularity,
    Measure,
    WeekStart,
)
from analytics.query.axes import holds
from analytics.query.buckets import label_at, label_on
from analytics.query.columns import DATA, FACTS
from analytics.query.fields import Field, Fields, Kind
from analytics.query.plan import Group, Plan
from analytics.query.rows import plain
from analytics.statistics.means import Mean, mean_of_counts
from analytics.times import granularity, series
from formplatform.core import clock
from formplatform.core.connections import REDIS_ERRORS
from formplatform.core.errors import InvalidInputError, UnavailableError
from formplatform.forms.storage.registry import get_store

SUBMITTED_AT = FACTS["submitted_at"]
GRANULARITIES = {
    Granularity.QUARTER_HOUR: granularity.Granularity.QUARTER_HOUR,
    Granularity.HOUR: granularity.Granularity.HOUR,
    Granularity.DAY: granularity.Granularity.DAY,
    Granularity.WEEK: granularity.Granularity.WEEK,
    Granularity.MONTH: granularity.Granularity.MONTH,
    Granularity.QUARTER: granularity.Granularity.QUARTER,
    Granularity.YEAR: granularity.Granularity.YEAR,
}
SPREAD = {Kind.CHOICE, Kind.OPTIONS, Kind.BOOLEAN, Kind.NUMBER}
CHOSEN = "who chose any of the other options needs the responses"
SOON = timedelta(seconds=1)


class UnsuitedError(Exception):
    """The engine turns out to be unable to answer; the message says why."""


def refusal(plan: Plan, form_id: str, fields: Fields) -> str | None:
    """Why the live numbers can't answer a plan; None where they may."""
    reason = _shape_refusal(plan, fields)
    if reason is None and get_store().is_waiting(form_id, before=clock.now() + SOON):
        return "responses are waiting to be counted"
    return reason


def _shape_refusal(plan: Plan, fields: Fields) -> str | None:
    if plan.weights is not None:
        return "weights need the responses"
    if plan.condition is not None and _span(plan) is None:
        return "filters need the responses"
    if any(each.condition is not None and each.own_bounds is None for each in plan.measures):
        return "the filter of a measure needs the responses"
    return _grouped_refusal(plan, fields) if plan.dimensions else _whole_refusal(plan, fields)


def _whole_refusal(plan: Plan, fields: Fields) -> str | None:
    if plan.condition is not None:
        return "a span needs the responses"
    return next(filter(None, (_figure_refusal(each, fields) for each in plan.measures)), None)


def _grouped_refusal(plan: Plan, fields: Fields) -> str | None:
    if any(each.aggregate is not Aggregate.COUNT or each.column for each in plan.measures):
        return "by groups only responses are counted"
    return _dimension_refusal(plan, fields)


def _span(plan: Plan) -> Between | None:
    condition = plan.condition
    is_span = isinstance(condition, Between) and condition.column == SUBMITTED_AT
    return condition if is_span and isinstance(condition, Between) else None


def _figure_refusal(measure: Measure, fields: Fields) -> str | None:
    if measure.column is None:
        return None
    field = field_of(measure.column, fields)
    if field is None:
        return "of facts about responses there are no figures"
    if measure.own_bounds is not None:
        return _bounded_refusal(measure, field)
    is_figure = measure.aggregate in _FIGURES and field.kind is Kind.NUMBER and not field.personal
    is_kept = is_figure or measure.aggregate in (Aggregate.COUNT, Aggregate.MISSING)
    return None if is_kept else f"{measure.aggregate.value} of it is not kept"


def _bounded_refusal(measure: Measure, field: Field) -> str | None:
    if field.personal or not field.counts_values:
        return "its values are not kept"
    is_held = measure.aggregate in _BOUNDED
    return None if is_held else f"{measure.aggregate.value} between bounds is not kept"


def field_of(column: Column, fields: Fields) -> Field | None:
    """The field of a column, unless it is a row of a matrix or a fact."""
    is_answer = column.path[0] == DATA and len(column.path) == len((DATA, "field"))
    return fields.find_id(column.path[1]) if is_answer else None


def _dimension_refusal(plan: Plan, fields: Fields) -> str | None:
    if len(plan.dimensions) > 1:
        return "two groups at once need the responses"
    (dimension,) = plan.dimensions
    if dimension.column == SUBMITTED_AT:
        known = dimension.granularity in GRANULARITIES
        other_week = dimension.granularity is Granularity.WEEK and (
            dimension.week_start is not WeekStart.MONDAY
        )
        return None if known and not other_week else "these buckets are not kept"
    field = field_of(dimension.column, fields)
    is_kept = field is not None and not field.personal and field.kind in SPREAD
    if not is_kept or field is None or (field.kind is Kind.NUMBER and not field.counts_values):
        return "its values are not kept"
    if dimension.bins or dimension.kept is not None or not dimension.explode:
        chosen = dimension.other and field.kind is Kind.OPTIONS
        return CHOSEN if chosen else "it is grouped in another way"
    return "a span needs the responses" if plan.condition is not None else None


@contextmanager
def reading() -> Iterator[None]:
    """Raise UnsuitedError where the numbers can't be read."""
    try:
        with answering():
            yield
    except (UnavailableError, *REDIS_ERRORS) as error:
        raise UnsuitedError("the numbers can't be read") from error


def answer(plan: Plan, form_id: str, fields: Fields) -> list[Group]:
    """The groups of a plan. Raises UnsuitedError where the numbers lack what it takes."""
    with reading():
        return _answer(plan, form_id, fields)


def _answer(plan: Plan, form_id: str, fields: Fields) -> list[Group]:
    if not plan.dimensions:
        total = _counted(aggregator.reader().find_total(form_id))
        return [((), tuple(_figure(each, form_id, fields, total) for each in plan.measures))]
    (dimension,) = plan.dimensions
    if dimension.column == SUBMITTED_AT:
        found, days = aggregator.reader().series.total_and_days(form_id)
        total, counts = _counted(found), _series(plan, dimension, form_id, days)
    else:
        total = _counted(aggregator.reader().find_total(form_id))
        counts = _values(dimension, form_id, fields)
    if plan.condition is None and dimension.column.kind is not Kind.OPTIONS:
        _check_total(sum(counts.values()), total)
    width = len(plan.measures)
    return [((key,), (count,) * width) for key, count in counts.items() if count]


def _counted(total: int | None) -> int:
    if total is None:
        raise UnsuitedError("nothing is counted")
    return total


def _check_total(found: int, total: int) -> None:
    if found != total:
        raise UnsuitedError("not all of it is kept")


def _figure(measure: Measure, form_id: str, fields: Fields, total: int) -> Any:
    if measure.column is None:
        return total
    field = field_of(measure.column, fields)
    assert field is not None  # noqa: S101 - refused otherwise
    if measure.own_bounds is not None:
        return _bounded(measure, field, form_id, total)
    summary = aggregator.reader().get_field_summary(form_id, field.id)
    counts = {Aggregate.COUNT: summary.answered, Aggregate.MISSING: total - summary.answered}
    if measure.aggregate in counts:
        return counts[measure.aggregate]
    if summary.numbers is None:
        return 0 if measure.aggregate is Aggregate.SUM else None
    return plain(_FIGURES[measure.aggregate](summary.numbers))


def _minimum(numbers: NumberSummary) -> Any:
    if numbers.minimum_stale:
        raise UnsuitedError("the smallest value was taken back")
    return numbers.minimum


def _maximum(numbers: NumberSummary) -> Any:
    if numbers.maximum_stale:
        raise UnsuitedError("the largest value was taken back")
    return numbers.maximum


_FIGURES: Mapping[Aggregate, Callable[[NumberSummary], Any]] = {
    Aggregate.SUM: lambda numbers: numbers.sum,
    Aggregate.AVG: lambda numbers: numbers.mean,
    Aggregate.MIN: _minimum,
    Aggregate.MAX: _maximum,
    Aggregate.VARIANCE: lambda numbers: numbers.variance,
    Aggregate.STDDEV: lambda numbers: numbers.standard_deviation,
}


def _bounded(measure: Measure, field: Field, form_id: str, total: int) -> Any:
    """A figure of the answers between its bounds, out of how often each was given."""
    lies, counts = measure.own_bounds, _value_counts(field, form_id)
    assert lies is not None  # noqa: S101 - asked for with them alone
    _check_total(sum(counts.values()), total)
    # A field that had fractions once has only its whole numbers left, as in columns.
    whole = {each: count for each, count in counts.items() if isinstance(each, int)}
    found = mean_of_counts({each: count for each, count in whole.items() if holds(lies, each)})
    return plain(_BOUNDED[measure.aggregate](found))


_BOUNDED: Mapping[Aggregate, Callable[[Mean | None], Any]] = {
    Aggregate.COUNT: lambda found: 0 if found is None else found.n,
    Aggregate.AVG: lambda found: None if found is None else found.mean.value,
    Aggregate.VARIANCE: lambda found: None if found is None else found.variance,
}


def _series(
    plan: Plan, dimension: Dimension, form_id: str, days: Mapping[str, int]
) -> dict[Any, int]:
    span = span_of(plan, dimension, days)
    if span is None:
        return {}
    size, zone = buckets_of(dimension)
    start, end = span
    numbers = aggregator.reader().series
    found = numbers.read(form_id, size, zone, start=start, end=end, days=days)
    if found.coarse_before is not None:
        raise UnsuitedError(f"of days before {found.coarse_before} only whole UTC days are kept")
    return _labelled(dimension, found)


def buckets_of(dimension: Dimension) -> tuple[granularity.Granularity, ZoneInfo]:
    """The size of the buckets of a series, and whose clock they go by."""
    assert dimension.granularity is not None  # noqa: S101 - refused otherwise
    return GRANULARITIES[dimension.granularity], ZoneInfo(dimension.timezone)


def span_of(
    plan: Plan, dimension: Dimension, days: Mapping[str, int]
) -> tuple[datetime, datetime] | None:
    """What is read of a series; None where it has no response. Raises UnsuitedError."""
    ends = _ends(plan, days)
    if ends is None:
        return None
    size, zone = buckets_of(dimension)
    try:
        return series.span_of(size, zone, since=ends[0], until=ends[1], now=clock.now())
    except InvalidInputError as error:
        raise UnsuitedError("the span is too long for these buckets") from error


def _labelled(dimension: Dimension, found: Series) -> dict[Any, int]:
    if found.size in granularity.SHORT:
        return {label_at(dimension, start): count for start, count in found.counts()}
    days = ((granularity.day_at(wall), count) for (wall, _), count in found.buckets.items())
    return {label_on(dimension, day): count for day, count in days}


def _ends(plan: Plan, days: Mapping[str, int]) -> tuple[datetime, datetime] | None:
    """The part of the plan's span in which there are responses."""
    span = _span(plan)
    low, high = (None, None) if span is None else (span.low, span.high)
    if not days:
        return None
    first, last = series.midnight_of(min(days)), series.midnight_of(max(days)) + series.DAY
    start = first if low is None else max(first, _whole_quarter(low.value))
    end = last if high is None else min(last, _whole_quarter(high.value))
    return (start, end) if start < end else None


def _whole_quarter(moment: Any) -> datetime:
    if not isinstance(moment, datetime) or moment.timestamp() % series.QUARTER.total_seconds():
        raise UnsuitedError("the span does not end on a quarter of an hour")
    return moment


def _values(dimension: Dimension, form_id: str, fields: Fields) -> dict[Any, int]:
    field = field_of(dimension.column, fields)
    assert field is not None  # noqa: S101 - refused otherwise
    return _value_counts(field, form_id)


def _value_counts(field: Field, form_id: str) -> dict[Any, int]:
    """How often each value was given; None: how many responses lack one."""
    summary: FieldSummary = aggregator.reader().get_field_summary(form_id, field.id)
    if summary.other:
        raise UnsuitedError("it has more values than are counted one by one")
    read = _READERS.get(field.kind, str)
    counts: dict[Any, int] = {read(value): count for value, count in summary.values.items()}
    return counts | {None: summary.missing}


_READERS: dict[Kind, Callable[[str], Any]] = {
    Kind.BOOLEAN: lambda text: text == "true",
    Kind.NUMBER: lambda text: plain(float(text)),
}
