"""Random queries over a form that changes: every engine against two readings of their own.

A round is one form. Its responses come, change and go while queries are asked; each query is
answered by every engine alone, and by an oracle that shares no code with them: `pandas_oracle` for
the long form of the language, `oracle` for the short one.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, seed as seeded, settings, strategies as st

from analytics.answers import Answering
from analytics.counting import count_responses
from analytics.engines import Subject
from analytics.form_fields import fields_of_form
from analytics.query.errors import QueryError
from analytics.query_builder import QueryDSL
from formplatform.core import clock
from formplatform.forms.ids import new_id
from formplatform.forms.schema.answers import validate_answers
from formplatform.forms.schema.definition import parse_definition
from tests.test_analytics import oracle, pandas_oracle, study
from tests.test_analytics.random_held_queries import held_queries
from tests.test_analytics.random_long_queries import long_queries
from tests.test_analytics.random_queries import queries
from tests.test_analytics.random_weighted_queries import weighted_queries
from tests.test_analytics.world import World

ACTS = 150
"""Changes before the first query of a round; more come between its queries."""
CHANGES_EVERY = 10
STUDY = parse_definition(study.DEFINITION)
every_query = st.one_of(
    queries(), long_queries(), long_queries(plain=True), held_queries, weighted_queries()
)


@dataclass(frozen=True)
class Difference:
    seed: int
    number: int
    engine: str
    query: dict
    found: object
    expected: object


@dataclass
class Report:
    """What came of some rounds."""

    asked: Counter = field(default_factory=Counter)
    """Oracle → queries it read."""
    answered: Counter = field(default_factory=Counter)
    refused: Counter = field(default_factory=Counter)
    """(Engine, reason) → queries."""
    differing: Counter = field(default_factory=Counter)
    changes: Counter = field(default_factory=Counter)
    """Kind of event → how many."""
    first: Difference | None = None

    def refuse(self, engine, reason):
        self.refused[engine, reason] += 1

    def answer(self, difference, engine):
        self.answered[engine] += 1
        if difference is not None:
            self.differing[engine] += 1
            self.first = self.first or difference


class Study(World):
    """The study as submissions leave it: answers in stored form, two versions, two sources."""

    def __init__(self, store, seed):
        super().__init__(new_id(), store, seed)
        for number in (1, 2):
            store.insert_version(study.version(self.form_id, number=number))
        for _ in range(ACTS):
            self.act()
        self.count()

    def submit(self, **given):
        origin = {"version": 2, "source": "import"} if self.random.random() < 0.1 else {}
        return super().submit(data=self._answers(), **origin | given)

    def edit(self, response, **given):
        return super().edit(response, data=self._answers(), **given)

    def _answers(self):
        return validate_answers(STUDY, study.answers(self.random)).data

    def count(self):
        """Every event reaches the numbers, some twice, and leaves the outbox."""
        told = [*self.events, *self.random.choices(self.events, k=len(self.events) // 3)]
        self.random.shuffle(told)
        count_responses(told)
        revisions = {each.response_id: self.responses[each.response_id].revision for each in told}
        self.store.mark_dispatched(revisions, at=clock.now())
        counted = Counter(type(each).name for each in self.events)
        self.events.clear()
        return counted


class Round:
    """One form, and queries about it."""

    def __init__(self, store, engines, seed, report):
        self.engines, self.seed, self.report = engines, seed, report
        self.study = Study(store, seed)
        self.asked = 0

    def run(self, count, progress=lambda: None):
        @seeded(self.seed)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(query=every_query)
        def ask_everyone(query):
            self.compare(query)
            progress()

        ask_everyone()

    def compare(self, query):
        self.asked += 1
        if self.asked % CHANGES_EVERY == 0:
            for _ in range(3):
                self.study.act()
            self.report.changes += self.study.count()
        expected = self._read(query)
        for engine in self.engines:
            self._ask(query, engine, expected)

    def _read(self, query):
        if "measures" in query:
            self.report.asked["pandas"] += 1
            return pandas_oracle.answer(query, self.study.live(), now=clock.now())
        self.report.asked["naive"] += 1
        return {"rows": oracle.answer(query, self.study.live())}

    def _ask(self, query, engine, expected):
        fields = fields_of_form(self.study.form_id)
        parsed = QueryDSL(fields).parse(query | {"engine": engine})
        try:
            answer = Answering(parsed, Subject(self.study.form_id, fields)).answer()
        except QueryError as error:
            self.report.refuse(engine, reason_of(error))
            return
        found = {
            "rows": answer.rows,
            "total_rows": answer.total_rows,
            "base": answer.base_n,
            "totals": answer.totals,
        }
        pair = {name: found[name] for name in expected if found[name] is not None}
        difference = None
        if not alike(pair, {name: expected[name] for name in pair}):
            difference = Difference(self.seed, self.asked, engine, query, pair, expected)
        self.report.answer(difference, engine)


def reason_of(error):
    """Why an engine refused a query; any other refusal of a valid query is a mistake."""
    (told,) = error.errors
    if (told.field, told.code) != ("engine", "not_available"):
        raise error
    return re.fullmatch(r"It can't answer this query \(\w+: (.*)\)\.", told.message)[1]


def alike(one, two):
    """Equal but for the last digits of floats, which differ with the order of adding."""
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(alike(one[name], two[name]) for name in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(alike, one, two))
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, int | float) and isinstance(two, int | float):
        return math.isclose(one, two, rel_tol=1e-9, abs_tol=1e-9)
    return one == two
