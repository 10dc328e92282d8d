"""What rows are grouped by: reading it, and finding it in the form."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from analytics.query import limits
from analytics.query.ast import Bins, Dimension, Granularity, WeekStart
from analytics.query.columns import Found, find_column
from analytics.query.errors import PERSONAL, QueryError
from analytics.query.fields import OPAQUE, Fields, Kind
from analytics.query.zones import read_timezone

from .asked import BinsAsked, DimensionAsked
from .reading import (
    below,
    read_boolean,
    read_integer,
    read_label,
    read_list,
    read_name,
    read_number,
    read_object,
    read_word,
)

KEYS = (
    "field", "as", "granularity", "timezone", "bins", "explode", "top", "other", "missing",
)  # fmt: skip
BIN_KEYS = ("width", "count")
FEWEST_BINS = 2
DATED = {Kind.DATE, Kind.MOMENT}
OF_THE_CLOCK = {
    Granularity.MINUTE,
    Granularity.QUARTER_HOUR,
    Granularity.HOUR,
    Granularity.HOUR_OF_DAY,
}
"""What a date without a time cannot be grouped by."""


def parse_dimensions(asked: object) -> Iterator[DimensionAsked]:
    """Check the form of `group_by`: a name, an object, or a list of these."""
    if asked is None:
        return
    if not isinstance(asked, list):
        yield _dimension(asked, "group_by")
        return
    if not 1 <= len(asked) <= limits.MAX_DIMENSIONS:
        most = limits.MAX_DIMENSIONS
        raise QueryError("group_by", "out_of_range", f"Group by one to {most} fields.")
    for place, each in enumerate(asked):
        yield _dimension(each, f"group_by[{place}]")


def _dimension(asked: object, path: str) -> DimensionAsked:
    if not isinstance(asked, dict):
        return DimensionAsked(path=path, field=read_name(asked, path=path))
    body = read_object(asked, path=path, keys=KEYS)
    given = {key: value for key, value in body.items() if value is not None}
    top = _given(given, "top", path)
    if "other" in given and top is None:
        raise QueryError(f"{path}.other", "required", 'Say how many values with "top".')
    return DimensionAsked(
        path=path,
        field=read_name(given.get("field"), path=below(path, "field")),
        name=_given(given, "as", path),
        granularity=_given(given, "granularity", path),
        timezone=_given(given, "timezone", path),
        bins=_given(given, "bins", path),
        explode=read_boolean(given.get("explode", True), path=below(path, "explode")),
        top=top,
        other=read_boolean(given.get("other", False), path=below(path, "other")),
        missing=_given(given, "missing", path),
    )


def _given(body: Mapping[str, Any], key: str, path: str) -> Any:
    return _READERS[key](body[key], below(path, key)) if key in body else None


def _granularity(asked: object, path: str) -> Granularity:
    known = [each.value for each in Granularity]
    return Granularity(read_word(asked, known, path=path, kind="granularity"))


def _bins(asked: object, path: str) -> BinsAsked:
    if isinstance(asked, list):
        edges = tuple(read_list(asked, _edge, path=path, most=limits.MAX_BINS))
        if any(low >= high for low, high in itertools.pairwise(edges)):
            raise QueryError(path, "out_of_range", "The edges have to rise.")
        return BinsAsked(edges=edges)
    body = read_object(asked, path=path, keys=BIN_KEYS)
    if len(body) != 1:
        raise QueryError(path, "required", 'Say {"width": …}, {"count": …} or a list of edges.')
    if "count" in body:
        place = below(path, "count")
        most = limits.MAX_BINS
        return BinsAsked(
            count=read_integer(body["count"], path=place, least=FEWEST_BINS, most=most)
        )
    width = read_number(body["width"], path=below(path, "width"))
    if width < limits.LEAST_WIDTH:
        message = f"A width above 0, {limits.LEAST_WIDTH} at least, is wanted here."
        raise QueryError(below(path, "width"), "out_of_range", message)
    return BinsAsked(width=width)


def _edge(asked: object, path: str) -> float:
    return read_number(asked, path=path)


_READERS: dict[str, Callable[[object, str], Any]] = {
    "as": lambda asked, path: read_label(asked, path=path),
    "granularity": _granularity,
    "timezone": lambda asked, path: read_name(asked, path=path),
    "bins": _bins,
    "top": lambda asked, path: read_integer(asked, path=path, least=1, most=limits.MAX_TOP),
    "missing": lambda asked, path: read_label(asked, path=path),
}


def resolve_dimension(
    asked: DimensionAsked,
    fields: Fields,
    *,
    timezone: str,
    week_start: WeekStart,
    personal_allowed: bool,
) -> Dimension:
    """Find what is grouped by. Raises QueryError for whatever the form does not have."""
    found = find_column(fields, asked.field, path=asked.path)
    if found.personal and not personal_allowed:
        raise QueryError(asked.path, "personal_data", PERSONAL)
    if found.column.kind in OPAQUE:
        raise QueryError(asked.path, "not_groupable", _why_opaque(found))
    granularity = _resolved_granularity(asked, found)
    return Dimension(
        name=asked.name or found.name,
        column=found.column,
        granularity=granularity,
        timezone=_resolved_timezone(asked, found, timezone),
        week_start=week_start,
        bins=_resolved_bins(asked, found),
        bin_count=asked.bins.count if asked.bins else None,
        explode=asked.explode,
        top=_resolved_top(asked, found),
        other=asked.other,
        missing=_resolved_missing(asked, found),
        labels=tuple(found.field.options.items()) if found.field else (),
    )


def _resolved_missing(asked: DimensionAsked, found: Found) -> str | None:
    if found.field and asked.missing in found.field.options:
        message = "An option is called so: call the group without an answer otherwise."
        raise QueryError(below(asked.path, "missing"), "repeated", message)
    return asked.missing


def _why_opaque(found: Found) -> str:
    message = "Responses can't be grouped by it."
    if found.column.kind is Kind.MATRIX and found.field:
        message += f" Take one row: {', '.join(f'{found.name}.{r}' for r in found.field.rows)}."
    return message


def _resolved_granularity(asked: DimensionAsked, found: Found) -> Granularity | None:
    kind = found.column.kind
    if asked.granularity is None:
        return Granularity.DAY if kind is Kind.MOMENT else None
    if kind not in DATED:
        raise QueryError(asked.path, "wrong_type", "Only a date or a time has a granularity.")
    if kind is Kind.DATE and asked.granularity in OF_THE_CLOCK:
        raise QueryError(asked.path, "wrong_type", "A date has no hours.")
    return asked.granularity


def _resolved_timezone(asked: DimensionAsked, found: Found, default: str) -> str:
    if found.column.kind is not Kind.MOMENT:
        if asked.timezone is not None:
            message = "Only a moment can be read in a time zone."
            raise QueryError(below(asked.path, "timezone"), "wrong_type", message)
        return "UTC"
    if asked.timezone is None:
        return default
    return read_timezone(asked.timezone, path=below(asked.path, "timezone"))


def _resolved_bins(asked: DimensionAsked, found: Found) -> Bins | None:
    if asked.bins is None:
        return None
    path = below(asked.path, "bins")
    if found.column.kind is not Kind.NUMBER:
        raise QueryError(path, "wrong_type", "Only a number has bins.")
    if asked.top is not None:
        raise QueryError(path, "not_allowed", 'Say either "bins" or "top".')
    if asked.bins.count is not None:
        return None
    return Bins(asked.bins.edges, asked.bins.width)


def _resolved_top(asked: DimensionAsked, found: Found) -> int | None:
    if asked.top is not None and found.column.kind in DATED:
        message = "The buckets of a time are a series: they have no most frequent ones."
        raise QueryError(below(asked.path, "top"), "not_allowed", message)
    if asked.top is not None and found.column.kind is Kind.OPTIONS and not asked.explode:
        message = 'Whole lists of options have no most frequent ones: leave out "explode".'
        raise QueryError(below(asked.path, "top"), "not_allowed", message)
    return asked.top
