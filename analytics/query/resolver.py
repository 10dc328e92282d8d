"""From a checked query to one the executors run: names become columns, operands get types."""

from dataclasses import replace
from datetime import datetime

from formplatform.core import clock

from .asked import Asked, Comparison, Node, SortAsked
from .ast import (
    Aggregate,
    Column,
    Condition,
    Dimension,
    Every,
    Having,
    HavingTest,
    In,
    Measure,
    Query,
    Sampled,
    Shape,
    SortKey,
    Span,
)
from .checks import check
from .clocks import Calendar
from .columns import DATA, FACTS, find_column
from .comparing import PREVIOUS
from .conditions import Resolver
from .dimensions import resolve_dimension
from .errors import PERSONAL, QueryError, unknown
from .fields import Fields, Kind
from .measures import check_ratios, is_numeric, resolve_measure
from .ranges import EVER, resolve_comparison, resolve_range
from .reading import read_number
from .shares import INTERVAL, INTERVALS, SHARE
from .zones import read_timezone

GROUP = "_id"
ADDED = {SHARE, INTERVAL}
CROSSED = 2
WEIGHED = {
    Aggregate.COUNT,
    Aggregate.SUM,
    Aggregate.AVG,
    Aggregate.MISSING,
    Aggregate.NPS,
    Aggregate.CSAT,
    Aggregate.CES,
    Aggregate.RATIO,
}


def resolve(
    asked: Asked, fields: Fields, *, personal_allowed: bool = False, now: datetime | None = None
) -> Query:
    """Bind a query to a form. Raises QueryError for whatever the form does not have."""
    zone = read_timezone(asked.timezone, path="timezone")
    calendar = Calendar(now or clock.now(), zone, asked.week_start)
    resolver = Resolver(fields, calendar, personal_allowed)
    measures = tuple(
        resolve_measure(each, fields, resolve=resolver.condition, personal_allowed=personal_allowed)
        for each in asked.measures
    )
    check_ratios(measures, asked.measures)
    dimensions = _dimensions(asked, fields, zone=zone, personal_allowed=personal_allowed)
    _check_names(asked, measures, dimensions)
    time = _time(asked, fields)
    span = EVER
    if asked.date_range is not None:
        span = resolve_range(asked.date_range, calendar, path="date_range")
    query = Query(
        measures=measures,
        dimensions=dimensions,
        shape=_shape(asked, measures, dimensions),
        named_groups=asked.listed,
        condition=_condition(asked, fields, resolver),
        having=_having(asked.having, measures) if asked.having is not None else None,
        order=_order(asked, measures, dimensions),
        limit=asked.limit,
        offset=asked.offset,
        after=asked.after,
        time=time,
        span=span,
        previous=_previous(asked, span, calendar),
        timezone=zone,
        include=asked.include,
        test=asked.test,
        weights=_weights(asked, fields, measures, personal_allowed=personal_allowed),
        max_time_ms=asked.max_time_ms,
        engine=asked.engine,
        digest=asked.digest,
    )
    check(query)
    return query


def _dimensions(
    asked: Asked, fields: Fields, *, zone: str, personal_allowed: bool
) -> tuple[Dimension, ...]:
    found = tuple(
        resolve_dimension(
            each,
            fields,
            timezone=zone,
            week_start=asked.week_start,
            personal_allowed=personal_allowed,
        )
        for each in asked.dimensions
    )
    seen: set[Dimension] = set()
    for place, dimension in enumerate(found):
        plain = replace(dimension, name="", missing=None)
        if plain in seen:
            raise QueryError(asked.dimensions[place].path, "repeated", "Group by different fields.")
        seen.add(plain)
    return found


def _check_names(
    asked: Asked, measures: tuple[Measure, ...], dimensions: tuple[Dimension, ...]
) -> None:
    """Every column of the answer has a name of its own; in the short form groups stand apart."""
    names: set[str] = set()
    columns: list[tuple[str, str]] = []
    if asked.shape is not Shape.SHORT:
        names = {*(ADDED & asked.include), *([PREVIOUS] if asked.compare else [])}
        names |= {INTERVALS} if INTERVAL in asked.include else set()
        columns += [(each.name, at.path) for each, at in zip(measures, asked.measures, strict=True)]
    columns += [(each.name, at.path) for each, at in zip(dimensions, asked.dimensions, strict=True)]
    for name, path in columns:
        if name in names:
            message = f'Two columns are called "{name}": name one of them with "as".'
            raise QueryError(path, "repeated", message)
        names.add(name)


def _shape(asked: Asked, measures: tuple[Measure, ...], dimensions: tuple[Dimension, ...]) -> Shape:
    if asked.shape is Shape.CROSSTAB:
        if len(dimensions) != CROSSED:
            raise QueryError("shape", "not_allowed", "A cross-tab is grouped by two fields.")
        if len(measures) != 1 or measures[0].aggregate is not Aggregate.COUNT:
            raise QueryError("shape", "not_allowed", "A cross-tab counts: its measure is count.")
        if measures[0].column is not None or measures[0].condition is not None:
            message = 'A cross-tab counts whole responses: say which ones in "filter".'
            raise QueryError("shape", "not_allowed", message)
    return asked.shape


def _time(asked: Asked, fields: Fields) -> Column:
    found = find_column(fields, asked.time_field, path="time_field")
    if found.column.kind is not Kind.MOMENT or found.column.path[0] == DATA:
        message = 'The time of a response is wanted: "submitted_at" or "updated_at".'
        raise QueryError("time_field", "wrong_type", message)
    return found.column


def _condition(asked: Asked, fields: Fields, resolver: Resolver) -> Condition | None:
    conditions: list[Condition] = []
    if asked.versions != "all":
        conditions.append(In(FACTS["version"], _versions(asked, fields)))
    if asked.sample is not None and asked.sample.rate < 1:
        conditions.append(Sampled(asked.sample.rate, asked.sample.seed))
    if asked.filter is not None:
        conditions.append(resolver.condition(asked.filter))
    if len(conditions) > 1:
        return Every(tuple(conditions))
    return conditions[0] if conditions else None


def _versions(asked: Asked, fields: Fields) -> tuple[int, ...]:
    if isinstance(asked.versions, tuple):
        return asked.versions
    return (fields.newest_version,) if fields.newest_version else ()


def _previous(asked: Asked, span: Span, calendar: Calendar) -> Span | None:
    return None if asked.compare is None else resolve_comparison(asked.compare, span, calendar)


def _weights(
    asked: Asked, fields: Fields, measures: tuple[Measure, ...], *, personal_allowed: bool
) -> Column | None:
    if asked.weights is None:
        return None
    found = find_column(fields, asked.weights, path="weights")
    if found.personal and not personal_allowed:
        raise QueryError("weights", "personal_data", PERSONAL)
    if found.column.kind is not Kind.NUMBER:
        raise QueryError("weights", "wrong_type", "Weights are the answers to a number field.")
    for measure in measures:
        if measure.aggregate not in WEIGHED:
            message = f'"{measure.aggregate.value}" has no weighted form here.'
            raise QueryError("weights", "not_allowed", message)
    return found.column


def _having(node: Node, measures: tuple[Measure, ...]) -> Having:
    members = node.members if not isinstance(node, Comparison) else (node,)
    operator = node.operator if not isinstance(node, Comparison) else "$and"
    tests = tuple(
        _having_test(each, measures) if isinstance(each, Comparison) else _having(each, measures)
        for each in members
    )
    return Having(operator, tests)


def _having_test(asked: Comparison, measures: tuple[Measure, ...]) -> HavingTest:
    known = {measure.name: measure for measure in measures}
    if asked.name not in known:
        raise unknown(asked.path, "measure", asked.name, known=known)
    if not is_numeric(known[asked.name]):
        raise QueryError(asked.path, "wrong_type", "Only a number can be compared here.")
    return HavingTest(asked.name, asked.operator, read_number(asked.operand, path=asked.path))


def _order(
    asked: Asked, measures: tuple[Measure, ...], dimensions: tuple[Dimension, ...]
) -> tuple[SortKey, ...]:
    """A total order, so that the same query always gives the same rows and the same cut."""
    by_group = tuple(SortKey(each.name, descending=False, is_group=True) for each in dimensions)
    keys: list[SortKey] = []
    for each in asked.sort:
        keys += _sort_keys(each, measures, dimensions)
    if not asked.sort and not any(map(_is_series, dimensions)):
        keys.append(SortKey(measures[0].name, descending=True))
    named = {key.name for key in keys if key.is_group}
    return (*keys, *(key for key in by_group if key.name not in named))


def _is_series(dimension: Dimension) -> bool:
    """Whether its groups have an order of their own that readers expect."""
    return bool(dimension.granularity or dimension.bins or dimension.bin_count)


def _sort_keys(
    asked: SortAsked, measures: tuple[Measure, ...], dimensions: tuple[Dimension, ...]
) -> list[SortKey]:
    groups = [each.name for each in dimensions]
    figures = [each.name for each in measures]
    if asked.name == GROUP and GROUP not in figures:
        return [SortKey(name, asked.descending, is_group=True) for name in groups]
    for name in (asked.name, asked.name.removeprefix("data.")):
        if name in (*figures, *groups):
            return [SortKey(name, asked.descending, is_group=name not in figures)]
    raise unknown(asked.path, "column", asked.name, known=(GROUP, *figures, *groups))
