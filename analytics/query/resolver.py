"""From a parsed query to one the executors run: names become columns, operands get types."""

from functools import cache
from zoneinfo import available_timezones

from .ast import Aggregate, Column, Dimension, Granularity, Query, SortKey
from .columns import Found, find_column
from .conditions import PERSONAL, Resolver
from .errors import QueryError, unknown
from .fields import OPAQUE, Fields, Kind
from .parser import DimensionAsked, Parsed, SortAsked

ADDED = {Kind.NUMBER}
COMPARED = {Kind.NUMBER, Kind.DATE, Kind.TIME, Kind.MOMENT}
DATED = {Kind.DATE, Kind.MOMENT}
VALUE, GROUP = "value", "_id"


def resolve(parsed: Parsed, fields: Fields, *, personal_allowed: bool = False) -> Query:
    """Bind a query to a form. Raises QueryError for whatever the form does not have."""
    dimensions = tuple(
        _dimension(asked, fields, personal_allowed=personal_allowed) for asked in parsed.dimensions
    )
    _refuse_repeats(dimensions, parsed)
    condition = None
    if parsed.filter is not None:
        resolver = Resolver(fields, personal_allowed=personal_allowed)
        condition = resolver.condition(parsed.filter)
    return Query(
        aggregate=parsed.aggregate,
        value=_value(parsed, fields, personal_allowed=personal_allowed),
        dimensions=dimensions,
        crosstab=parsed.crosstab,
        condition=condition,
        order=_order(parsed.sort, dimensions),
        limit=parsed.limit,
    )


def _value(parsed: Parsed, fields: Fields, *, personal_allowed: bool) -> Column | None:
    if parsed.value is None:
        return None
    found = find_column(fields, parsed.value, path="value")
    if parsed.aggregate is Aggregate.COUNT:
        return found.column
    _refuse_personal(found, path="value", personal_allowed=personal_allowed)
    summed = parsed.aggregate in (Aggregate.SUM, Aggregate.AVG)
    if found.column.kind not in (ADDED if summed else COMPARED):
        wanted = "a number" if summed else "a number, a date or a time"
        message = f'"{parsed.aggregate.value}" wants {wanted}; this is a {found.column.kind.value}.'
        raise QueryError("value", "wrong_type", message)
    return found.column


def _refuse_personal(found: Found, *, path: str, personal_allowed: bool) -> None:
    if found.personal and not personal_allowed:
        raise QueryError(path, "personal_data", PERSONAL)


def _dimension(asked: DimensionAsked, fields: Fields, *, personal_allowed: bool) -> Dimension:
    found = find_column(fields, asked.name, path=asked.path)
    _refuse_personal(found, path=asked.path, personal_allowed=personal_allowed)
    if found.column.kind in OPAQUE:
        message = "Responses can't be grouped by it."
        if found.column.kind is Kind.MATRIX and found.field:
            message += f" Take one row: {', '.join(f'{found.name}.{r}' for r in found.field.rows)}."
        raise QueryError(asked.path, "not_groupable", message)
    return Dimension(found.name, found.column, _granularity(asked, found), _timezone(asked, found))


def _granularity(asked: DimensionAsked, found: Found) -> Granularity | None:
    kind = found.column.kind
    if asked.granularity is None:
        return Granularity.DAY if kind is Kind.MOMENT else None
    if kind not in DATED:
        raise QueryError(asked.path, "wrong_type", "Only a date or a time has a granularity.")
    if kind is Kind.DATE and asked.granularity is Granularity.HOUR:
        raise QueryError(asked.path, "wrong_type", "A date has no hours.")
    return asked.granularity


def _timezone(asked: DimensionAsked, found: Found) -> str:
    if asked.timezone is None:
        return "UTC"
    path = f"{asked.path}.timezone"
    if found.column.kind is not Kind.MOMENT:
        raise QueryError(path, "wrong_type", "Only a moment can be read in a time zone.")
    if asked.timezone not in timezones():
        raise unknown(path, "timezone", asked.timezone, known=timezones())
    return asked.timezone


@cache
def timezones() -> frozenset[str]:
    """The zones of the IANA database, without this machine's own aliases."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def _refuse_repeats(dimensions: tuple[Dimension, ...], parsed: Parsed) -> None:
    columns = [dimension.column for dimension in dimensions]
    if len(set(columns)) < len(columns):
        raise QueryError(parsed.dimensions[-1].path, "repeated", "Group by two different fields.")


def _order(asked: SortAsked | None, dimensions: tuple[Dimension, ...]) -> tuple[SortKey, ...]:
    """A total order, so that the same query always gives the same rows and the same cut."""
    groups = range(len(dimensions))
    by_group = tuple(SortKey(place, descending=False) for place in groups)
    if asked is None:
        if any(dimension.granularity for dimension in dimensions):
            return by_group
        return (SortKey(None, descending=True), *by_group)
    if asked.name == VALUE:
        return (SortKey(None, asked.descending), *by_group)
    if asked.name == GROUP:
        return tuple(SortKey(place, asked.descending) for place in groups)
    place = _place(asked, dimensions)
    rest = tuple(key for key in by_group if key.place != place)
    return (SortKey(place, asked.descending), *rest)


def _place(asked: SortAsked, dimensions: tuple[Dimension, ...]) -> int:
    names = [dimension.name for dimension in dimensions]
    name = asked.name.removeprefix("data.")
    if name not in names:
        raise unknown("sort.field", "column", asked.name, known=(VALUE, GROUP, *names))
    return names.index(name)
