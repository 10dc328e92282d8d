"""How much of the live numbers an answer is read from."""

from analytics import aggregator
from analytics.numbers import keys_read
from analytics.query.fields import Fields
from analytics.query.plan import Plan

from . import rollup


def count_keys(plan: Plan, form_id: str, fields: Fields) -> int:
    """How many keys, of a plan they may answer. Raises UnsuitedError where they turn out not to."""
    rollup.answer(plan, form_id, fields)
    with rollup.reading():
        return len(_keys(plan, form_id, fields))


def _keys(plan: Plan, form_id: str, fields: Fields) -> set[str]:
    if any(each.column == rollup.SUBMITTED_AT for each in plan.dimensions):
        return _keys_of_series(plan, form_id)
    found = keys_read.of_total(form_id)
    columns = [each.column for each in plan.measures] + [each.column for each in plan.dimensions]
    for column in columns:
        field = None if column is None else rollup.field_of(column, fields)
        if field is not None:
            found |= keys_read.of_field(form_id, field.id)
    return found


def _keys_of_series(plan: Plan, form_id: str) -> set[str]:
    (dimension,) = plan.dimensions
    days = aggregator.reader().series.days(form_id)
    span = rollup.span_of(plan, dimension, days)
    if span is None:
        return keys_read.of_days(form_id)
    size, zone = rollup.buckets_of(dimension)
    return keys_read.of_series(form_id, size, zone, span=span, days=days)
