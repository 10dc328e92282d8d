"""Answering a query: looking up what it needs, asking an engine, and finishing the rows."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.query import limits, lookups
from analytics.query.ast import (
    Aggregate,
    Between,
    Bound,
    Condition,
    Dimension,
    Every,
    Query,
    Shape,
    Span,
    within,
)
from analytics.query.errors import QueryError
from analytics.query.fields import Kind
from analytics.query.finishing import comparing, filling
from analytics.query.finishing.crosstab import crosstab_of
from analytics.query.finishing.finishing import page_of
from analytics.query.finishing.records import SUPPRESSED, Record, Rest, records_of, row_of
from analytics.query.finishing.shares import INTERVALS, add_shares
from analytics.query.hiding.small_groups import SmallGroups, Verdict, check_groups
from analytics.query.plan import Group, Plan, figures_of, plan_of
from analytics.query.precision import size_of
from analytics.query.rows import Row
from formplatform.core import clock

from .engines import Choice, Subject, ask

CLOSED = "The form hides small groups, and this would tell too few respondents from the others."
EMPTY = dict.fromkeys(
    (Aggregate.COUNT, Aggregate.MISSING, Aggregate.COUNT_DISTINCT, Aggregate.SUM), 0
)
"""Figures of a bucket without a response; the others are None."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryAnswer:
    """The rows, which executor found them and why it, when they were true, how long it took.

    `truncated` says whether rows follow, `next` is the cursor to them; `base_n` are the responses
    the query is about, before they are grouped. `totals` are the figures over all of them.
    """

    query: Query
    rows: list[Row]
    columns: list[Row]
    total_rows: int
    truncated: bool
    next: str | None
    base_n: float | None
    totals: Row | None
    crosstab: Row | None = None
    weighting: Row | None = None
    """Of a weighted query: how many responses weigh anything, and what these are worth."""
    engine: str
    reason: str
    as_of: datetime
    elapsed_ms: float
    min_cell: int = 0
    """Groups of fewer respondents are hidden; `suppressed` rows have figures hidden from them."""
    suppressed: int = 0
    warnings: list[str] = field(default_factory=list)


class Answering:
    """One query on its way to an answer."""

    def __init__(self, query: Query, subject: Subject, *, now: datetime | None = None) -> None:
        self._subject = subject
        self._wanted = query.engine
        self._started = time.perf_counter()
        self._now = now or clock.now()
        self.as_of: datetime | None = None
        """When the oldest of its figures held."""
        if subject.min_cell:
            check_groups(query)
        self.query = replace(query, dimensions=lookups.prepared(query, self._groups))

    def plan(self) -> Plan:
        """What the engine is asked for the rows."""
        return plan_of(self.query, condition=self.query.spanned)

    def answer(self) -> QueryAnswer:
        """The whole answer. Raises QueryError for more groups than can be ordered."""
        query = self.query
        records, choice = self._records(query.spanned)
        whole = self._whole(records)
        verdict = self._covered(records, whole, query.span)
        if "empty_buckets" in query.include and not verdict.closed:
            records += self._empty(records)
        if query.previous is not None:
            span = within(query.condition, query.time, query.previous)
            earlier, _ = self._records(span)
            self._covered(earlier, Record({}, {}, 0), query.previous)
            comparing.set_beside(query, records, earlier, now=self._now)
        add_shares(query, records, whole=whole)
        page = page_of(query, records)
        rows = [row_of(query, record) for record in page.records]
        return QueryAnswer(
            query=query,
            rows=rows,
            columns=columns_of(query),
            total_rows=page.total,
            truncated=page.next is not None,
            next=page.next,
            base_n=None if whole.suppressed else whole.count,
            totals=self._totals(whole),
            crosstab=self._crosstab(records, verdict),
            weighting=self._weighting(whole),
            engine=choice.engine.name,
            reason=choice.reason,
            as_of=self.as_of or self._now,
            elapsed_ms=round((time.perf_counter() - self._started) * 1000, 3),
            min_cell=self._subject.min_cell,
            suppressed=sum(SUPPRESSED in row for row in rows),
            warnings=[CLOSED] if verdict.closed else [],
        )

    def _covered(self, records: list[Record], whole: Record, span: Span | None) -> Verdict:
        """Take from the records what small groups the form hides, and say what that was."""
        least, query = self._subject.min_cell, self.query
        if not least:
            return Verdict()
        spanned = within(None, query.time, span)
        verdict = SmallGroups(query, spanned, least=least, ask=self._any_groups).verdict(records)
        verdict.cover(query, records, whole)
        return verdict

    def _totals(self, whole: Record) -> Row | None:
        if "totals" not in self.query.include:
            return None
        return {**whole.figures, **({INTERVALS: whole.intervals} if whole.intervals else {})}

    def _crosstab(self, records: Sequence[Record], verdict: Verdict) -> Row | None:
        if self.query.shape is not Shape.CROSSTAB or verdict.closed:
            return None
        return crosstab_of(self.query, records, hidden=verdict.margins)

    def _weighting(self, whole: Record) -> Row | None:
        """Kish's effective sample size, and the design effect n Σw² / (Σw)² of the weights.

        Source: L. Kish, Survey Sampling (1965), section 11.7; "Weighting for unequal Pi", Journal
        of Official Statistics 8 (1992).
        """
        query = self.query
        if query.weights is None or whole.suppressed or not whole.count:
            return None
        weighs = Between(query.weights, low=Bound(0, inclusive=False))
        spanned = query.spanned
        plan = replace(
            plan_of(replace(query, measures=(), dimensions=(), weights=None), condition=None),
            condition=weighs if spanned is None else Every((spanned, weighs)),
        )
        ((_, (n,)),) = self._any_groups(plan)
        size = size_of(whole.count, whole.squares)
        effect = None if size is None else n / size
        return {"n": n, "sum": whole.count, "effective_n": size, "design_effect": effect}

    def _any_groups(self, plan: Plan) -> list[Group]:
        """By whichever engine can, also where the query names one."""
        return self._asked(plan, wanted=None)[0]

    def _groups(self, plan: Plan) -> list[Group]:
        return self._asked(plan, wanted=self._wanted)[0]

    def _asked(self, plan: Plan, *, wanted: str | None) -> tuple[list[Group], Choice]:
        found, choice = ask(plan, self._subject, wanted=wanted)
        groups = found.groups
        self.as_of = min(self.as_of or found.as_of, found.as_of)
        if len(groups) > limits.MAX_GROUPS:
            message = f"More than {limits.MAX_GROUPS} groups: use bins, top, or fewer fields."
            raise QueryError("group_by", "too_many_groups", message)
        return groups, choice

    def _records(self, condition: Condition | None) -> tuple[list[Record], Choice]:
        query = self.query
        plan = plan_of(query, condition=condition)
        groups, choice = self._asked(plan, wanted=self._wanted)
        records = records_of(query, plan, groups)
        dropped = [
            each.name for each in query.dimensions if each.kept is not None and not each.other
        ]
        if not dropped:
            return records, choice
        return [
            record
            for record in records
            if all(record.keys[name] is not Rest.OTHER for name in dropped)
        ], choice

    def _whole(self, records: Sequence[Record]) -> Record:
        """All responses the query is about as one record."""
        dimensions = self.query.dimensions
        counted_once = not any(
            each.column.kind is Kind.OPTIONS or each.kept is not None for each in dimensions
        )
        if counted_once and "totals" not in self.query.include:
            squares = [record.squares for record in records if record.squares is not None]
            weighted = sum(squares) if self.query.weights else None
            return Record({}, {}, sum(record.count for record in records), weighted)
        query = replace(self.query, dimensions=())
        plan = plan_of(query, condition=query.spanned)
        (whole,) = records_of(query, plan, self._groups(plan))
        return whole

    def _empty(self, records: Sequence[Record]) -> list[Record]:
        """A record for every bucket of the series in which there is no response."""
        query = self.query
        (series,) = query.dimensions
        cycle = filling.CYCLES.get(series.granularity) if series.granularity else None
        ends = None if cycle else self._ends(series)
        labels = cycle or (filling.labels_between(series, *ends) if ends else [])
        present = {record.keys[series.name] for record in records}
        parts = {each.name: EMPTY.get(each.aggregate) for each in self.plan().measures}
        return [
            Record({series.name: label}, figures_of(query, parts), 0, 0)
            for label in labels
            if label not in present
        ]

    def _ends(self, series: Dimension) -> tuple[datetime, datetime] | None:
        """First moment of the series and the one after its last, None where there is none."""
        span = self.query.span
        bounded = series.column == self.query.time and span is not None
        start, end = (span.start, span.end) if bounded and span else (None, None)
        if start is None or end is None:
            low, high = lookups.extremes(
                self.query, series.column, self.query.spanned, self._groups
            )
            start = start or _moment(low)
            last = _moment(high)
            end = end or (last + timedelta(milliseconds=1) if last else None)
        return (start, end) if start and end else None


def _moment(value: Any) -> datetime | None:
    """A moment or a date as executors give them."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def columns_of(query: Query) -> list[Row]:
    """Name, type and labels of every column of the answer, in its order."""
    groups = [
        {
            "name": each.name,
            "role": "group",
            "type": each.granularity.value if each.granularity else each.column.kind.value,
            "labels": dict(each.labels) or None,
        }
        for each in query.dimensions
    ]
    figures = [
        {"name": each.name, "role": "measure", "type": each.aggregate.value, "labels": None}
        for each in query.measures
    ]
    return [*groups, *figures]
