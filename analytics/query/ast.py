"""A resolved query: nothing in it is the caller's but typed values and names for the answer."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from .fields import Kind

Scalar = str | int | float | bool | datetime


class Aggregate(Enum):
    """What is worked out of the responses of a group."""

    COUNT = "count"
    MISSING = "missing"
    COUNT_DISTINCT = "count_distinct"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"
    PERCENTILE = "percentile"
    STDDEV = "stddev"
    VARIANCE = "variance"
    MODE = "mode"
    FIRST = "first"
    LAST = "last"
    NPS = "nps"
    CSAT = "csat"
    CES = "ces"
    RATIO = "ratio"


class Granularity(Enum):
    """The buckets of a time; the last two are of the clock and the calendar, not of a date."""

    MINUTE = "minute"
    QUARTER_HOUR = "quarter_hour"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    HOUR_OF_DAY = "hour_of_day"
    DAY_OF_WEEK = "day_of_week"


class WeekStart(Enum):
    """The first day of a week; the value says how many days it lies after a Monday."""

    MONDAY = 0
    SATURDAY = 5
    SUNDAY = 6


class TextTest(Enum):
    CONTAINS = "$contains"
    CONTAINS_ANY_CASE = "$icontains"
    STARTS_WITH = "$starts_with"
    ENDS_WITH = "$ends_with"


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
class Matches:
    """The text holds another one; a missing text never does."""

    column: Column
    test: TextTest
    text: str


@dataclass(frozen=True, slots=True)
class NoOptions:
    """The answer is a list of no options."""

    column: Column


@dataclass(frozen=True, slots=True)
class Sampled:
    """A fixed share of the responses, picked by their ids: the same ones for the same seed."""

    rate: float
    seed: int


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


Condition = In | Between | Matches | NoOptions | Sampled | Every | Some | Negation


@dataclass(frozen=True, slots=True)
class Bins:
    """Half-open intervals of a number: by `width`, or between ascending `edges`.

    The key of a group is the number of its interval: how many edges are not above the value, or
    the largest number whose multiple of the width is not.
    """

    edges: tuple[float, ...] = ()
    width: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Dimension:
    """What rows are grouped by; several options of one answer count in a group each.

    With `kept` the key of a group is the place of its value in there, -1 for any other value: a
    response is there once, however many other options it has.
    """

    name: str
    column: Column
    granularity: Granularity | None = None
    timezone: str = "UTC"
    week_start: WeekStart = WeekStart.MONDAY
    bins: Bins | None = None
    bin_count: int | None = None
    """As many bins of equal width between the extremes: they are looked up, then `bins` is set."""
    explode: bool = True
    top: int | None = None
    """As many of the most frequent values: they are looked up, then `kept` is set."""
    other: bool = False
    """Whether the values beyond `top` share a row."""
    kept: tuple[Scalar, ...] | None = None
    missing: str | None = None
    """What the group of missing answers is called instead of null."""
    labels: tuple[tuple[str, str], ...] = ()
    """Option id and label."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """A figure of the answer: an aggregate of a column over the responses that fit `condition`."""

    name: str
    aggregate: Aggregate
    column: Column | None = None
    percentile: float | None = None
    """From 0 to 100."""
    condition: Condition | None = None
    ratio: tuple[str, str] | None = None
    """Names of two other measures: the first is divided by the second."""
    scale: tuple[int, int] | None = None
    """Of a score: the first and the last answer that counts."""

    @property
    def own_bounds(self) -> Between | None:
        """The ends between which its answers lie, where its condition is that and nothing else."""
        lies = self.condition
        is_own = isinstance(lies, Between) and lies.column == self.column
        return lies if is_own and isinstance(lies, Between) and lies.low and lies.high else None


@dataclass(frozen=True, slots=True)
class HavingTest:
    """A measure compared with a number; a missing figure fits only `$ne`."""

    measure: str
    operator: str
    operand: float


@dataclass(frozen=True, slots=True)
class Having:
    """Tests on the figures of a row under $and, $or or $not."""

    operator: str
    members: tuple["HavingTest | Having", ...]


@dataclass(frozen=True, slots=True)
class SortKey:
    """`name` is that of a dimension (`is_group`) or of a measure."""

    name: str
    descending: bool
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open, in UTC; an open end has no bound."""

    start: datetime | None
    end: datetime | None


class Shape(Enum):
    SHORT = "short"
    """The customer's: `{_id, value}`."""
    ROWS = "rows"
    CROSSTAB = "crosstab"


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """Measures by groups, filtered, in a total order (ties by group, ascending), cut off."""

    measures: tuple[Measure, ...]
    dimensions: tuple[Dimension, ...]
    condition: Condition | None
    order: tuple[SortKey, ...]
    limit: int
    shape: Shape = Shape.SHORT
    named_groups: bool = False
    """In the short shape: whether groups are objects (a list was asked for) or plain values."""
    having: Having | None = None
    offset: int = 0
    after: str | None = None
    time: Column | None = None
    """What the span is about."""
    span: Span | None = None
    previous: Span | None = None
    timezone: str = "UTC"
    include: frozenset[str] = field(default_factory=frozenset)
    test: str = "auto"
    weights: Column | None = None
    max_time_ms: int
    engine: str | None = None
    digest: str = ""
    """Of everything that decides which rows there are, and their order."""

    @property
    def spanned(self) -> Condition | None:
        """The condition together with the span."""
        return within(self.condition, self.time, self.span)


def within(condition: Condition | None, time: Column | None, span: Span | None) -> Condition | None:
    """A condition narrowed to a span of the response's own time."""
    if time is None or span is None or (span.start is None and span.end is None):
        return condition
    lies = Between(
        time,
        low=None if span.start is None else Bound(span.start, inclusive=True),
        high=None if span.end is None else Bound(span.end, inclusive=False),
    )
    return lies if condition is None else Every((lies, condition))


def leaves_of(condition: Condition | None) -> Iterator[Condition]:
    """The tests of a condition."""
    if isinstance(condition, Every | Some):
        for member in condition.conditions:
            yield from leaves_of(member)
    elif isinstance(condition, Negation):
        yield from leaves_of(condition.condition)
    elif condition is not None:
        yield condition
