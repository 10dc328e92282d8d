"""Which keys of a form's live numbers are looked at for which figure."""

from collections.abc import Iterable
from datetime import datetime, tzinfo

from analytics import keys
from analytics.keys import FormKeys
from analytics.times import pieces, retention, series
from analytics.times.granularity import Granularity

from .series_numbers import cut_by, edges_of, number_of


def of_total(form_id: str) -> set[str]:
    """How many responses there are, after what waits was taken."""
    form = FormKeys(form_id)
    return {form.generation, *_below(form, keys.waiting(), keys.taken(), keys.stats())}


def of_field(form_id: str, field_id: str) -> set[str]:
    """Everything that is counted of one field."""
    own = (keys.distribution(field_id), keys.numbers(field_id), keys.distinct(field_id))
    return of_total(form_id) | _below(FormKeys(form_id), keys.fields(), keys.gone(), *own)


def of_days(form_id: str) -> set[str]:
    """How many responses each UTC day has."""
    return of_total(form_id) | _below(FormKeys(form_id), keys.days())


def of_series(
    form_id: str,
    size: Granularity,
    zone: tzinfo,
    *,
    span: tuple[datetime, datetime],
    days: Iterable[str],
) -> set[str]:
    """Buckets of quarter-hours, where `days` have responses and nothing is remembered of them."""
    start, end = map(series.seconds_at, span)
    edges = edges_of(pieces.pieces_of(size, zone, start=start, end=end), size, end)
    cut = cut_by(edges)
    parted = [day for day in days if number_of(day) in cut and retention.is_kept(day)]
    form = FormKeys(form_id)
    found = of_days(form_id)
    if parted:
        found |= _below(form, keys.hashes(), *map(keys.quarter_hours, parted)) | {form.verified}
    return found


def _below(form: FormKeys, *names: str) -> set[str]:
    return {form.prefix + name for name in names}
