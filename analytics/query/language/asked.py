"""What a query asks for, once its shape is checked and before any name is looked up."""

from dataclasses import dataclass
from typing import Any

from analytics.query.ast import Aggregate, Granularity, Shape, WeekStart


@dataclass(frozen=True, slots=True)
class Comparison:
    """A name, an operator and an operand nobody has looked at, with its place in the query."""

    path: str
    name: str
    operator: str
    operand: Any


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions under $and, $or or $not; `$not` has one."""

    operator: str
    members: tuple["Node", ...]


Node = Comparison | Group


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasureAsked:
    path: str
    aggregate: Aggregate
    name: str
    """What the figure is called in the answer."""
    field: str | None = None
    percentile: float | None = None
    filter: Node | None = None
    ratio: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BinsAsked:
    edges: tuple[float, ...] = ()
    width: float | None = None
    count: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DimensionAsked:
    path: str
    field: str
    name: str | None = None
    granularity: Granularity | None = None
    timezone: str | None = None
    bins: BinsAsked | None = None
    explode: bool = True
    top: int | None = None
    other: bool = False
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class SortAsked:
    path: str
    name: str
    descending: bool


RangeAsked = str | tuple[Any, Any]
"""The name of a span, or its first and last moment as written."""


@dataclass(frozen=True, slots=True)
class SampleAsked:
    rate: float
    seed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A whole query. `shape` is SHORT where it has the customer's form."""

    measures: tuple[MeasureAsked, ...]
    dimensions: tuple[DimensionAsked, ...]
    shape: Shape
    listed: bool
    """Whether `group_by` was a list."""
    filter: Node | None
    having: Node | None
    sort: tuple[SortAsked, ...]
    limit: int
    offset: int
    after: str | None
    time_field: str
    date_range: RangeAsked | None
    compare: RangeAsked | None
    timezone: str
    week_start: WeekStart
    versions: str | tuple[int, ...]
    include: frozenset[str]
    test: str
    weights: str | None
    sample: SampleAsked | None
    max_time_ms: int
    engine: str | None
    digest: str
