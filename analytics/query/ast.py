"""A resolved query: nothing in it is the caller's but typed values and names for the answer."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from .fields import Kind

Scalar = str | int | float | bool | datetime


class Aggregate(Enum):
    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"


class Granularity(Enum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Column:
    """Where a value is: a field of a response, below `data` for answers."""

    path: tuple[str, ...]
    kind: Kind
    whole: bool = False
    """Whether its numbers are all integers."""


@dataclass(frozen=True, slots=True)
class In:
    """The value (of several options: any of them) is one of these, or is missing."""

    column: Column
    values: tuple[Scalar, ...]
    or_missing: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    value: Scalar
    inclusive: bool


@dataclass(frozen=True, slots=True)
class Between:
    """The value lies within the bounds; a missing value never does."""

    column: Column
    low: Bound | None = None
    high: Bound | None = None


@dataclass(frozen=True, slots=True)
class Every:
    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """True exactly where the condition is false: there is no third value."""

    condition: "Condition"


Condition = In | Between | Every | Some | Negation


@dataclass(frozen=True, slots=True)
class Dimension:
    """What rows are grouped by; several options of one answer count in a group each."""

    name: str
    column: Column
    granularity: Granularity | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class SortKey:
    """`place` is the number of a dimension; None is the value."""

    place: int | None
    descending: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """One measure, grouped, filtered, in a total order (ties by group, ascending), cut off."""

    aggregate: Aggregate
    value: Column | None
    dimensions: tuple[Dimension, ...]
    crosstab: bool
    """Whether groups are objects (a list was asked for) or plain values."""
    condition: Condition | None
    order: tuple[SortKey, ...]
    limit: int
