"""Who answers a plan: the router, and the engines behind it.

The first that can answer does: the live numbers, the document database where the form store is
one, the columns. Each says why it can't; the columns always can.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from analytics.columns import COLUMNS, Held, Scan
from analytics.query import columnar, pipeline
from analytics.query.errors import QueryError
from analytics.query.fields import Fields
from analytics.query.plan import Group, Plan
from formplatform.core import clock
from formplatform.forms.storage.base import Access, PipelineStore
from formplatform.forms.storage.registry import get_store

from . import rollup
from .rollup import UnsuitedError
from .rollup_keys import count_keys
from .stopwatch import Stopwatch

Gained = TypeVar("Gained")

EXPLAIN_MS = 1000
"""So long may a document database think about how it would answer."""


@dataclass(slots=True)
class Subject:
    """The form one query is about. Its columns are read once, so that all figures agree."""

    form_id: str
    fields: Fields
    min_cell: int = 0
    """Groups of fewer respondents are hidden; 0: none are."""
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    _scan: Scan | None = None

    def scan(self) -> Scan:
        if self._scan is None:
            self._scan = COLUMNS.get(self.form_id, self.fields)
        return self._scan


@dataclass(frozen=True, slots=True)
class Keys:
    """How many of the live numbers' keys."""

    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """The groups of a plan, and the moment at which they held."""

    groups: list[Group]
    as_of: datetime


Reads = Access | Held | Keys
"""What an answer would be read from: documents of a database, columns, live numbers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """An executor. `refusal` says, without reading responses, why it can't answer a plan (None:
    it can); `answer` may still find out and raise UnsuitedError.
    """

    name: str
    why: str
    refusal: Callable[[Plan, Subject], str | None]
    answer: Callable[[Plan, Subject], Found]
    look: Callable[[Plan, Subject], Reads]
    """What `answer` would read, without reading responses. It may raise UnsuitedError too."""


def _refuse_documents(plan: Plan, _subject: Subject) -> str | None:
    if not isinstance(get_store(), PipelineStore):
        return "the form store is no document database"
    return pipeline.refusal(plan)


def _ask_documents(plan: Plan, subject: Subject) -> Found:
    store, as_of = get_store(), clock.now()
    assert isinstance(store, PipelineStore)  # noqa: S101 - refused otherwise
    stages = pipeline.to_pipeline(plan)
    with subject.stopwatch.step(plan.max_time_ms) as left:
        found = store.aggregate_responses(subject.form_id, stages, max_time_ms=left)
    return Found(pipeline.groups_of(plan, found), as_of)


def _look_at_documents(plan: Plan, subject: Subject) -> Access:
    store = get_store()
    assert isinstance(store, PipelineStore)  # noqa: S101 - refused otherwise
    stages = pipeline.to_pipeline(plan)
    return store.explain_responses(subject.form_id, stages, max_time_ms=EXPLAIN_MS)


def _ask_numbers(plan: Plan, subject: Subject) -> Found:
    as_of = clock.now()
    return Found(rollup.answer(plan, subject.form_id, subject.fields), as_of)


def _ask_columns(plan: Plan, subject: Subject) -> Found:
    scan = subject.scan()  # how long the first reading of a form takes is no question of the query
    with subject.stopwatch.step(plan.max_time_ms):
        return Found(columnar.answer(plan, scan.frame), scan.as_of)


ROLLUP = Engine(
    name="rollup",
    why="the live numbers hold it",
    refusal=lambda plan, subject: rollup.refusal(plan, subject.form_id, subject.fields),
    answer=_ask_numbers,
    look=lambda plan, subject: Keys(count_keys(plan, subject.form_id, subject.fields)),
)
DOCUMENTS = Engine(
    name="mongodb",
    why="one pipeline in the form store answers it",
    refusal=_refuse_documents,
    answer=_ask_documents,
    look=_look_at_documents,
)
COLUMNAR = Engine(
    name="columnar",
    why="computed over columns",
    refusal=lambda _plan, _subject: None,
    answer=_ask_columns,
    look=lambda _plan, subject: COLUMNS.peek(subject.form_id, subject.fields),
)
ENGINES = (ROLLUP, DOCUMENTS, COLUMNAR)


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine for a plan, and why those that come before it can't answer."""

    engine: Engine
    refused: dict[str, str]

    @property
    def reason(self) -> str:
        passed = [f"not {name}: {why}" for name, why in self.refused.items()]
        return "; ".join([self.engine.why, *passed])


def choose(plan: Plan, subject: Subject, *, wanted: str | None = None) -> tuple[Reads, Choice]:
    """What would be read and who would answer. Raises QueryError where the wanted one can't."""
    return _first(lambda engine: engine.look, plan, subject, wanted)


def ask(plan: Plan, subject: Subject, *, wanted: str | None = None) -> tuple[Found, Choice]:
    """The groups of a plan and who found them.

    Raises QueryError where the wanted one can't, QueryTimeoutError where this and what was asked
    before of the same subject takes longer than the plan allows.
    """
    return _first(lambda engine: engine.answer, plan, subject, wanted)


def _first(
    act: Callable[[Engine], Callable[[Plan, Subject], Gained]],
    plan: Plan,
    subject: Subject,
    wanted: str | None,
) -> tuple[Gained, Choice]:
    """What the first engine that can do it comes to."""
    refused: dict[str, str] = {}
    for engine in _candidates(wanted):
        why = engine.refusal(plan, subject)
        if why is None:
            try:
                return act(engine)(plan, subject), Choice(engine, refused)
            except UnsuitedError as unsuited:
                why = str(unsuited)
        refused[engine.name] = why
    raise _unavailable(refused)


def _candidates(wanted: str | None) -> list[Engine]:
    return [engine for engine in ENGINES if wanted in (None, engine.name)]


def _unavailable(refused: dict[str, str]) -> QueryError:
    reasons = "; ".join(f"{name}: {why}" for name, why in refused.items())
    return QueryError("engine", "not_available", f"It can't answer this query ({reasons}).")
