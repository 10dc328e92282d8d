"""What is worked out per group: reading it, and finding its field in the form."""

from collections.abc import Callable, Mapping
from typing import Any

from . import limits
from .asked import MeasureAsked, Node
from .ast import Aggregate, Condition, Measure
from .columns import Found, find_column
from .errors import PERSONAL, QueryError, unknown
from .fields import OPAQUE, Field, Fields, Kind
from .filters import parse_filter
from .reading import below, read_label, read_list, read_name, read_number, read_object, read_word
from .scores import OF_STEPS, scale_of

KEYS = ("op", "field", "as", "p", "filter", "num", "den")
SHORT_NAME = "value"
WITHOUT_FIELD = {Aggregate.COUNT, Aggregate.RATIO}
OPEN_TO_ALL = {Aggregate.COUNT, Aggregate.MISSING, Aggregate.COUNT_DISTINCT}
"""What says nothing of a personal answer but how many there are."""
NUMBERS = {Kind.NUMBER}
ORDERED = {Kind.NUMBER, Kind.DATE, Kind.TIME, Kind.MOMENT}
SINGLE = ORDERED | {Kind.TEXT, Kind.CHOICE, Kind.BOOLEAN}
TAKES: dict[Aggregate, set[Kind]] = {
    Aggregate.MIN: ORDERED,
    Aggregate.MAX: ORDERED,
    Aggregate.MODE: SINGLE,
    Aggregate.FIRST: SINGLE,
    Aggregate.LAST: SINGLE,
    Aggregate.COUNT: set(Kind),
    Aggregate.MISSING: set(Kind),
    Aggregate.COUNT_DISTINCT: set(Kind) - OPAQUE,
}
"""The kinds of answer an aggregate takes; those that are not here take numbers."""
WANTED = {
    Aggregate.MIN: "a number, a date or a time",
    Aggregate.MAX: "a number, a date or a time",
    Aggregate.MODE: "a single value",
    Aggregate.FIRST: "a single value",
    Aggregate.LAST: "a single value",
    Aggregate.COUNT_DISTINCT: "values that can be compared",
    **{each: wanted for each, (wanted, _) in OF_STEPS.items()},
}


def parse_short_measure(body: Mapping[str, Any]) -> MeasureAsked:
    """The customer's form: `aggregate` and `value`."""
    needs_more = (Aggregate.PERCENTILE, Aggregate.RATIO)
    known = [each.value for each in Aggregate if each not in needs_more]
    if "aggregate" not in body:
        raise QueryError("aggregate", "required", f"Say one of: {', '.join(known)}.")
    aggregate = Aggregate(read_word(body["aggregate"], known, path="aggregate", kind="aggregate"))
    value = body.get("value")
    if value is not None:
        value = read_name(value, path="value")
    elif aggregate is not Aggregate.COUNT:
        raise QueryError("value", "required", f'"{aggregate.value}" needs "value": which field?')
    return MeasureAsked(path="value", aggregate=aggregate, name=SHORT_NAME, field=value)


def parse_measures(body: Mapping[str, Any]) -> tuple[MeasureAsked, ...]:
    """The list of `measures`, each with a name of its own."""
    for key in ("aggregate", "value"):
        if key in body:
            raise QueryError(key, "not_allowed", 'Say either "measures" or "aggregate".')
    most = limits.MAX_MEASURES
    measures = tuple(read_list(body["measures"], _measure, path="measures", most=most))
    names: set[str] = set()
    for measure in measures:
        if measure.name in names:
            message = f'Two measures are called "{measure.name}": name one of them with "as".'
            raise QueryError(measure.path, "repeated", message)
        names.add(measure.name)
    return measures


def _measure(asked: object, path: str) -> MeasureAsked:
    known = [each.value for each in Aggregate]
    if isinstance(asked, str):
        aggregate = Aggregate(read_word(asked, known, path=path, kind="aggregate"))
        if aggregate is not Aggregate.COUNT:
            message = f'Say which field: {{"op": "{asked}", "field": …}}.'
            raise QueryError(path, "required", message)
        return MeasureAsked(path=path, aggregate=aggregate, name=asked)
    body = read_object(asked, path=path, keys=KEYS)
    place = below(path, "op")
    aggregate = Aggregate(read_word(body.get("op"), known, path=place, kind="aggregate"))
    field = _field(body, aggregate, path)
    percentile = _percentile(body, aggregate, path)
    return MeasureAsked(
        path=path,
        aggregate=aggregate,
        name=_name(body, aggregate, field, path),
        field=field,
        percentile=percentile,
        filter=parse_filter(body["filter"], path=below(path, "filter"))
        if "filter" in body
        else None,
        ratio=_ratio(body, aggregate, path),
    )


def _field(body: Mapping[str, Any], aggregate: Aggregate, path: str) -> str | None:
    place = below(path, "field")
    if aggregate is Aggregate.RATIO and "field" in body:
        raise QueryError(place, "not_allowed", 'A ratio has "num" and "den" instead.')
    if body.get("field") is not None:
        return read_name(body["field"], path=place)
    if aggregate not in WITHOUT_FIELD:
        raise QueryError(place, "required", f'"{aggregate.value}" needs a field.')
    return None


def _percentile(body: Mapping[str, Any], aggregate: Aggregate, path: str) -> float | None:
    place = below(path, "p")
    if aggregate is not Aggregate.PERCENTILE:
        if "p" in body:
            raise QueryError(place, "not_allowed", "Only a percentile has it.")
        return None
    if "p" not in body:
        raise QueryError(place, "required", "Say which percentile, from 0 to 100.")
    percentile = read_number(body["p"], path=place)
    if not 0 <= percentile <= 100:  # noqa: PLR2004 - percent
        raise QueryError(place, "out_of_range", "From 0 to 100.")
    return percentile


def _ratio(body: Mapping[str, Any], aggregate: Aggregate, path: str) -> tuple[str, str] | None:
    if aggregate is not Aggregate.RATIO:
        for key in ("num", "den"):
            if key in body:
                raise QueryError(below(path, key), "not_allowed", "Only a ratio has it.")
        return None
    if "filter" in body:
        message = "A ratio is of two measures: filter these."
        raise QueryError(below(path, "filter"), "not_allowed", message)
    return (
        read_name(body.get("num"), path=below(path, "num")),
        read_name(body.get("den"), path=below(path, "den")),
    )


def _name(body: Mapping[str, Any], aggregate: Aggregate, field: str | None, path: str) -> str:
    if body.get("as") is not None:
        return read_label(body["as"], path=below(path, "as"))
    bare = "" if field is None else "_" + field.removeprefix("data.")
    percent = f"{body['p']:g}" if aggregate is Aggregate.PERCENTILE else ""
    return f"{aggregate.value}{percent}{bare}"


Resolve = Callable[[Node], Condition]


def resolve_measure(
    asked: MeasureAsked, fields: Fields, *, resolve: Resolve, personal_allowed: bool
) -> Measure:
    """Find what is worked out. Raises QueryError for whatever the form does not have."""
    column = scale = None
    if asked.field is not None:
        place = asked.path if asked.name == SHORT_NAME else below(asked.path, "field")
        found = find_column(fields, asked.field, path=place)
        _check_kind(asked.aggregate, found, path=place, personal_allowed=personal_allowed)
        column, scale = found.column, scale_of(asked.aggregate, found.field)
    return Measure(
        name=asked.name,
        aggregate=asked.aggregate,
        column=column,
        percentile=asked.percentile,
        condition=None if asked.filter is None else resolve(asked.filter),
        ratio=asked.ratio,
        scale=scale,
    )


def takes(aggregate: Aggregate, kind: Kind, field: Field | None) -> bool:
    """Whether there is such a figure of a field; None: of a fact about the response."""
    if kind not in TAKES.get(aggregate, NUMBERS):
        return False
    return aggregate not in OF_STEPS or scale_of(aggregate, field) is not None


def _check_kind(aggregate: Aggregate, found: Found, *, path: str, personal_allowed: bool) -> None:
    if found.personal and not personal_allowed and aggregate not in OPEN_TO_ALL:
        raise QueryError(path, "personal_data", PERSONAL)
    if takes(aggregate, found.column.kind, found.field):
        return
    wanted = WANTED.get(aggregate, "a number")
    message = f'"{aggregate.value}" wants {wanted}; this is a {found.column.kind.value}.'
    if aggregate in OF_STEPS and found.field is not None:
        message = _without_score(aggregate, found.field)
    raise QueryError(path, "wrong_type", message)


def _without_score(aggregate: Aggregate, field: Field) -> str:
    wanted, instead = OF_STEPS[aggregate]
    steps = "" if field.steps is None else ", from {} to {}".format(*field.steps)
    return f'"{aggregate.value}" wants {wanted}; this is of type {field.type}{steps}: {instead}.'


def check_ratios(measures: tuple[Measure, ...], asked: tuple[MeasureAsked, ...]) -> None:
    """A ratio is of two measures of the query that are figures and no ratios themselves."""
    figures = {each.name: each for each in measures if each.aggregate is not Aggregate.RATIO}
    for measure, source in zip(measures, asked, strict=True):
        for key, name in zip(("num", "den"), measure.ratio or (), strict=False):
            place = below(source.path, key)
            if name not in figures:
                raise unknown(place, "measure", name, known=figures)
            if not is_numeric(figures[name]):
                raise QueryError(place, "wrong_type", f'"{name}" is no number.')


def is_numeric(measure: Measure) -> bool:
    """Whether a figure is always a number."""
    value = (Aggregate.MIN, Aggregate.MAX, Aggregate.MODE, Aggregate.FIRST, Aggregate.LAST)
    if measure.aggregate not in value:
        return True
    return measure.column is not None and measure.column.kind is Kind.NUMBER
