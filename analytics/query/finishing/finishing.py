"""From records to the page of an answer: `having` drops some, the order is made total."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.query.ast import Having, HavingTest, Query

from .cursors import cursor_of, place_behind
from .ordering import in_order
from .records import Record


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page, how many there are in all, and the cursor of the next one."""

    records: list[Record]
    total: int
    next: str | None


def page_of(query: Query, records: Sequence[Record]) -> Page:
    """The records that fit `having`, ordered, and of those the page that was asked for."""
    having = query.having
    fitting = [each for each in records if having is None or _fits(having, each.figures)]
    ordered = in_order(query, fitting)
    # Behind a cursor the same query goes on: its offset was that of the first page.
    start = query.offset
    if query.after is not None:
        start = place_behind(query, query.after, ordered)
    end = start + query.limit
    page = ordered[start:end]
    is_last = end >= len(ordered) or not page
    return Page(page, len(ordered), None if is_last else cursor_of(query, page[-1]))


def _fits(having: Having | HavingTest, figures: dict[str, Any]) -> bool:
    if isinstance(having, HavingTest):
        value = figures[having.measure]
        if value is None:
            return having.operator == "$ne"
        return _OPERATORS[having.operator](value, having.operand)
    results = (_fits(member, figures) for member in having.members)
    if having.operator == "$or":
        return any(results)
    return all(results) if having.operator == "$and" else not all(results)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": operator.eq,
    "$ne": operator.ne,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}
