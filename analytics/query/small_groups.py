"""What of an answer is hidden on a form that hides small groups, whichever engine found it.

A query is a selection of the cells of a table that has an axis per field, two at most (see `axes`).
What is hidden of the table is worked out once, the same for every query of these fields; a group of
the answer is shown where its cells are, or all the others of its row are and their total.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from analytics.statistics.suppression import is_small

from .ast import (
    Aggregate,
    Between,
    Bound,
    Column,
    Condition,
    Dimension,
    Every,
    In,
    Measure,
    Negation,
    Query,
)
from .axes import Axis, filter_axes, is_true, option_axis
from .errors import QueryError
from .fields import Kind
from .plan import Group, Plan
from .protecting import Cell, Hidden, protect
from .records import SUPPRESSED, Record
from .scores import counts_of
from .tables import Table, read_table, rests_on_answers

MOST_AXES = 2
MOST_OPTIONS = 100
OF_ONE = (Aggregate.MIN, Aggregate.MAX, Aggregate.FIRST, Aggregate.LAST)
Ask = Callable[[Plan], list[Group]]
Place = tuple[Any, ...]
"""A group of the answer: a key per dimension."""


@dataclass(kw_only=True, slots=True)
class Verdict:
    """What to hide: everything, or groups, and measures of groups and of the whole."""

    closed: bool = False
    groups: set[Place] = field(default_factory=set)
    measures: dict[str, set[Place]] = field(default_factory=dict)
    is_whole_hidden: bool = False
    whole: set[str] = field(default_factory=set)
    margins: tuple[set[Any], ...] = (set(), set())
    """Per dimension the groups whose totals are hidden where responses are grouped by it alone."""

    def cover(self, query: Query, records: list[Record], whole: Record) -> None:
        """Take away what is hidden, before anything is worked out of it. Adds hidden groups."""
        names = [measure.name for measure in query.measures]
        whole.suppressed = self.closed or self.is_whole_hidden
        whole.figures |= dict.fromkeys(
            names if whole.suppressed else _with_ratios(query, self.whole)
        )
        if self.closed:
            records.clear()
            return
        for each in (*records, whole):
            # Beside a mean and a deviation it would tell how many answers these rest on.
            each.intervals = dict.fromkeys(each.intervals)
        present = {tuple(record.keys.values()): record for record in records}
        for place in self.groups - present.keys():
            present[place] = _absent(query, place)
            records.append(present[place])
        for place, record in present.items():
            hidden = {name for name, places in self.measures.items() if place in places}
            record.suppressed = place in self.groups
            record.figures |= dict.fromkeys(
                names if record.suppressed else _with_ratios(query, hidden)
            )
            if hidden and not record.suppressed:
                record.extras[SUPPRESSED] = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """How a query lies in a table: its axes in an order of their own, whatever the query's.

    `places` has the axis of each dimension, `options` the option that stands for the dimension of
    several: the table of each option is one of those in it and those out of it.
    """

    axes: tuple[Axis, ...]
    places: tuple[int, ...]
    options: Mapping[int, str | None]


class SmallGroups:
    """Looks into one query on a form that hides groups of fewer than `least` respondents.

    `span` is the part of the query's condition that is about the time of the responses.
    """

    def __init__(self, query: Query, span: Condition | None, *, least: int, ask: Ask) -> None:
        self._query = query
        self._span = span
        self._universe = _weighed(query, span)
        self._least = least
        self._ask = ask

    def verdict(self, records: Sequence[Record]) -> Verdict:
        """What of the groups found is hidden."""
        if self._is_span_small():
            return Verdict(closed=True)
        found = Verdict(margins=tuple(set() for _ in self._query.dimensions))
        for cut in cuts_of(self._query, records):
            table = read_table(self._query, cut.axes, self._universe, self._ask)
            self._judge(table, cut, found)
        unseen = self._query.weights is None and any(
            is_small(each.count, self._least) and tuple(each.keys.values()) not in found.groups
            for each in records
        )
        # Responses that came between the two readings: the next answer knows them.
        return Verdict(closed=True) if unseen else found

    def _is_span_small(self) -> bool:
        """Whether there are few in the span, before it or after it."""
        axes = filter_axes(self._span, ())
        spans = read_table(self._query, axes, None, self._ask).counts
        (all_of_it,) = read_table(self._query, (), self._universe, self._ask).counts.values()
        return any(is_small(each, self._least) for each in (*spans.values(), all_of_it))

    def _judge(self, table: Table, cut: Cut, found: Verdict) -> None:
        query = self._query
        hidden = self._hidden(table, table.counts)
        lines = _lines(table, cut)
        everything = frozenset(table.counts)
        selected = _selected(table, query.condition)
        found.groups |= self._untold(lines, selected, hidden, cut)
        found.is_whole_hidden |= not _is_known(everything, selected, hidden.cells, total=True)
        for number, place in enumerate(cut.places):
            if number not in cut.options:
                found.margins[number].update(hidden.totals[place])
        for measure in _told(query):
            condition = _condition_of(measure)
            if measure.column is None and condition is None:
                continue
            cells = hidden.cells
            if measure.name in table.answers:
                cells |= self._hidden(table, table.answers[measure.name]).cells
            own = Hidden(cells=cells, totals=hidden.totals)
            both = selected & _selected(table, condition)
            places = found.measures.setdefault(measure.name, set())
            places |= self._untold(lines, both, own, cut)
            rests = table.answers.get(measure.name, {})
            is_of_few = is_small(sum(rests[cell] for cell in both & rests.keys()), self._least)
            if is_of_few:  # all of it together: no other line could be set against it
                places.update(lines)
            if is_of_few or not _is_known(everything, both, cells, total=True):
                found.whole.add(measure.name)

    def _hidden(self, table: Table, counts: Mapping[Cell, int]) -> Hidden:
        return protect(counts, axes=len(table.axes), least=self._least)

    def _untold(
        self,
        lines: Mapping[Place, frozenset[Cell]],
        selected: frozenset[Cell],
        hidden: Hidden,
        cut: Cut,
    ) -> set[Place]:
        """Groups of which the number of selected cells may not be known."""
        found = set()
        for place, line in lines.items():
            total = not cut.places
            if len(cut.places) == 1 and len(cut.axes) > 1 and not cut.options:
                axis = cut.places[0]
                total = next(iter(line))[axis] not in hidden.totals[axis]
            if not _is_known(line, selected, hidden.cells, total=total):
                found.add(place)
        return found


def cuts_of(query: Query, records: Sequence[Record]) -> Iterator[Cut]:
    """One, or one for every option (or two of them) that the records are grouped by."""
    several = [n for n, each in enumerate(query.dimensions) if overlaps(each)]
    options = [
        list(dict.fromkeys(each.keys[query.dimensions[n].name] for each in records)) or [None]
        for n in several
    ]
    chosen = list(product(*options))
    if len(chosen) > MOST_OPTIONS:
        message = f"Where small groups are hidden at most {MOST_OPTIONS} options are shown."
        raise QueryError("group_by", "too_many_groups", message)
    for each in chosen:
        given = dict(zip(several, each, strict=True))
        axes = [
            option_axis(dimension.column, given[n])
            if n in given
            else Axis(dimension.column, dimension=dimension)
            for n, dimension in enumerate(query.dimensions)
        ]
        axes += filter_axes(_conditions(query), _valued(query))
        order = sorted(range(len(axes)), key=lambda n: _identity(axes[n]))
        yield Cut(
            axes=tuple(axes[n] for n in order),
            places=tuple(order.index(n) for n in range(len(query.dimensions))),
            options=given,
        )


def _identity(axis: Axis) -> str:
    """What an axis is, not what it is called."""
    if axis.dimension is None:
        return f"{axis.column.path}{axis.parts}"
    return f"{axis.column.path}{replace(axis.dimension, name='', missing=None, labels=())}"


def _valued(query: Query) -> list[Column]:
    """The columns whose values are the groups, so that a filter can be asked of these."""
    return [
        each.column
        for each in query.dimensions
        if each.column.kind in (Kind.CHOICE, Kind.BOOLEAN, Kind.NUMBER) and each.bins is None
    ]


def _is_known(
    line: frozenset[Cell], selected: frozenset[Cell], hidden: frozenset[Cell], *, total: bool
) -> bool:
    """Whether cells of a line can be added up from what is shown, by themselves or as the rest."""
    if hidden.isdisjoint(line & selected):
        return True
    return total and hidden.isdisjoint(line - selected)


def _selected(table: Table, condition: Condition | None) -> frozenset[Cell]:
    return frozenset(cell for cell in table.counts if is_true(condition, table.axes, cell))


def _lines(table: Table, cut: Cut) -> dict[Place, frozenset[Cell]]:
    """The cells of each group of the answer; of an option those in it."""
    lines: dict[Place, set[Cell]] = {}
    for cell in table.counts:
        if any(cell[cut.places[n]] for n in cut.options):
            continue  # out of the option
        place = tuple(
            cut.options[n] if n in cut.options else cell[axis] for n, axis in enumerate(cut.places)
        )
        lines.setdefault(place, set()).add(cell)
    return {place: frozenset(cells) for place, cells in lines.items()}


def _conditions(query: Query) -> Condition | None:
    """The query's filter and those of its measures."""
    found = [query.condition, *map(_condition_of, _told(query))]
    given = tuple(each for each in found if each is not None)
    return Every(given) if given else None


def _told(query: Query) -> Iterator[Measure]:
    """What the answer tells of respondents: a share tells two counts, under its name both."""
    for measure in query.measures:
        yield from counts_of(measure)


def _condition_of(measure: Measure) -> Condition | None:
    """The filter of a measure; whoever answers a field, or does not, is one too."""
    if measure.column is None or rests_on_answers(measure):
        return measure.condition
    missing: Condition = In(measure.column, (), or_missing=True)
    if measure.aggregate is Aggregate.COUNT:
        missing = Negation(missing)
    return missing if measure.condition is None else Every((missing, measure.condition))


def _weighed(query: Query, condition: Condition | None) -> Condition | None:
    """Of a weighted query only those are respondents who weigh anything."""
    if query.weights is None:
        return condition
    weighs = Between(query.weights, low=Bound(0, inclusive=False))
    return weighs if condition is None else Every((weighs, condition))


def _with_ratios(query: Query, names: Collection[str]) -> list[str]:
    """Measures in their order, with the ratios that are made of them."""
    return [
        measure.name
        for measure in query.measures
        if measure.name in names or not set(names).isdisjoint(measure.ratio or ())
    ]


def _absent(query: Query, place: Place) -> Record:
    """A hidden group without a response: it must not be told from the other ones."""
    keys = zip((dimension.name for dimension in query.dimensions), place, strict=True)
    return Record(dict(keys), dict.fromkeys(measure.name for measure in query.measures), 0)


def overlaps(dimension: Dimension) -> bool:
    """Whether one response may be in several of its groups."""
    return dimension.column.kind is Kind.OPTIONS and dimension.explode


def check_groups(query: Query) -> None:
    """Raises QueryError for what no list of hidden cells can protect."""
    for place, dimension in enumerate(query.dimensions):
        if dimension.top is not None or dimension.bin_count is not None:
            message = 'Where small groups are hidden "top" and a number of bins are not: use edges.'
            raise QueryError(f"group_by[{place}]", "small_groups", message)
    for measure in query.measures:
        if measure.aggregate in OF_ONE:
            word = measure.aggregate.value
            message = f'Where small groups are hidden "{word}" is not: it is one answer.'
            raise QueryError("measures", "small_groups", message)
    names = [each.name for each in query.dimensions] + [each.name for each in query.measures]
    if SUPPRESSED in names:
        message = f'Rows with hidden figures have a column "{SUPPRESSED}": say another "as".'
        raise QueryError("group_by", "repeated", message)
    filters = filter_axes(_conditions(query), _valued(query))
    if len(query.dimensions) + len(filters) > MOST_AXES:
        message = "Where small groups are hidden a query is about two fields, filters included."
        raise QueryError("filter" if filters else "group_by", "small_groups", message)
