"""Random queries over a form that changes: every engine against readings that share no code.

A round is one form. Its responses come, change and go while queries are asked; each query is
answered by every engine alone, and by `pandas_oracle`; what of the short form `oracle` can read it
reads as well. What one engine refuses for being wrong, all have to refuse in the same words.
"""

import contextlib
import itertools
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from numbers import Real

from analytics.answering.answers import Answering
from analytics.answering.engines import Subject
from analytics.counting import count_responses
from analytics.fields.form_fields import fields_of_form
from analytics.query import limits
from analytics.query.errors import QueryError
from analytics.query.parser import parse
from analytics.query.resolver import resolve
from formplatform.core import clock
from formplatform.forms.ids import new_id
from formplatform.forms.schema.answers import validate_answers
from formplatform.forms.schema.definition import parse_definition
from tests.test_analytics import oracle, pandas_oracle, study
from tests.test_analytics.loose_order import arranged, sorts_loosely
from tests.test_analytics.pandas_groups import dimensions
from tests.test_analytics.pandas_tables import as_cells
from tests.test_analytics.random_questions import random_questions
from tests.test_analytics.vocabulary import words_of
from tests.test_analytics.world import World

ACTS = 150
"""Changes before the first query of a round; more come between its queries."""
CHANGES_EVERY = 10
STUDY = parse_definition(study.BEFORE)
"""Answers on steps that the newest version lacks are among them."""
NEWEST = 2
PAGES = 3
"""How many pages behind the first one are read."""


@dataclass(frozen=True)
class Difference:
    seed: int
    number: int
    engine: str
    question: object
    found: object
    expected: object


@dataclass
class Report:
    """What came of some rounds."""

    asked: Counter = field(default_factory=Counter)
    """Who read them → queries; each counts once."""
    answered: Counter = field(default_factory=Counter)
    """Engine → queries it answered."""
    passed: Counter = field(default_factory=Counter)
    """(Engine, reason) → queries it left to others."""
    refused: Counter = field(default_factory=Counter)
    """Engine → queries that all had to refuse."""
    pages: Counter = field(default_factory=Counter)
    """Engine → pages behind the cursor of another one."""
    words: Counter = field(default_factory=Counter)
    """(Word of the language, engine) → queries that said it."""
    differing: Counter = field(default_factory=Counter)
    changes: Counter = field(default_factory=Counter)
    """Kind of event → how many."""
    first: Difference | None = None

    def tell(self, engine, question, found):
        kind = self.refused if "refused" in found else self.answered
        kind[engine] += 1
        for word in set(words_of(question.query)):
            self.words[word, engine] += kind is self.answered

    def differ(self, difference):
        self.differing[difference.engine] += 1
        self.first = self.first or difference


class Study(World):
    """The study as submissions leave it: answers in stored form, two versions, two sources."""

    def __init__(self, store, seed):
        super().__init__(new_id(), store, seed)
        store.insert_version(study.version(self.form_id, number=1, definition=study.BEFORE))
        store.insert_version(study.version(self.form_id, number=NEWEST))
        for _ in range(ACTS):
            self.act()
        self.count()

    def submit(self, **given):
        origin = {"version": 2, "source": "import"} if self.random.random() < 0.1 else {}
        return super().submit(data=self._answers(), **origin | given)

    def edit(self, response, **given):
        given = {"updated_at": study.moment(self.random)} | given
        return super().edit(response, data=self._answers(), **given)

    def _answers(self):
        return validate_answers(STUDY, study.answers_before(self.random)).data

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
        for question in itertools.islice(random_questions(self.seed), count):
            self.compare(question)
            progress()

    def compare(self, question):
        self.asked += 1
        if self.asked % CHANGES_EVERY == 0:
            for _ in range(3):
                self.study.act()
            self.report.changes += self.study.count()
        expected = self._read(question)
        for engine in self.engines:
            with limited(question.most):
                self._ask(question, engine, expected)

    def _read(self, question):
        """What has to come of it."""
        if question.refused:
            self.report.asked["known to be wrong"] += 1
            return {"refused": question.refused}
        query, live = question.query, self.study.live()
        twice = oracle.can_read(query)
        self.report.asked["pandas and naive" if twice else "pandas"] += 1
        try:
            expected = pandas_oracle.answer(
                query, live, now=question.now, newest=NEWEST, most=question.most
            )
        except pandas_oracle.RefusedError as refused:
            return {"refused": refused.args}
        if twice:
            assert alike(oracle.answer(query, live, question.now), expected["rows"])
        return expected

    def _ask(self, question, engine, expected):
        try:
            found = self._answered(question, engine)
        except QueryError as error:
            if reason := reason_of(error):
                self.report.passed[engine, reason] += 1
                return
            found = refusal_of(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no answer
            found = {"failed": repr(error)}
        self.report.tell(engine, question, found)
        if sorts_loosely(question.query) and {"rows"} <= found.keys() & expected.keys():
            found, expected = (
                each | {"rows": arranged(each["rows"], question.query)}
                for each in (found, expected)
            )
        if not alike(found, expected):
            self.report.differ(Difference(self.seed, self.asked, engine, question, found, expected))

    def _answered(self, question, engine):
        query = question.query | {"engine": engine}
        answer = self._answer(query, question)
        found = {
            "rows": answer.rows,
            "total_rows": answer.total_rows,
            "truncated": answer.truncated,
            "base": answer.base_n,
            "totals": answer.totals,
            "weighting": answer.weighting,
            "crosstab": answer.crosstab and as_cells(answer.crosstab, dimensions(query)),
            "following": [],
        }
        for _ in range(PAGES if "limit" in query else 0):
            if answer.next is None:
                break
            answer = self._answer(query | {"after": answer.next}, question)
            found["following"] += answer.rows
            self.report.pages[engine] += 1
            self.report.words["after", engine] += 1
        return found

    def _answer(self, query, question):
        fields, now = fields_of_form(self.study.form_id), question.now
        parsed = resolve(parse(query), fields, personal_allowed=question.personal, now=now)
        return Answering(parsed, Subject(self.study.form_id, fields), now=now).answer()


@contextlib.contextmanager
def limited(most):
    """As if no query might have more groups."""
    usual = limits.MAX_GROUPS
    limits.MAX_GROUPS = most
    try:
        yield
    finally:
        limits.MAX_GROUPS = usual


def refusal_of(error):
    (told,) = error.errors
    return {"refused": (told.field, told.code)}


def reason_of(error):
    """Why an engine refused a query that others may answer; None where all have to refuse it."""
    (told,) = error.errors
    if (told.field, told.code) != ("engine", "not_available"):
        return None
    return re.fullmatch(r"It can't answer this query \(\w+: (.*)\)\.", told.message)[1]


def alike(one, two):
    """Equal but for the last digits of floats, which differ with the order of adding."""
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(alike(one[name], two[name]) for name in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(alike, one, two))
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, Real) and isinstance(two, Real):
        return math.isclose(one, two, rel_tol=1e-9, abs_tol=1e-9)
    return one == two
