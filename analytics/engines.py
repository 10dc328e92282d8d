"""Who answers a plan: the router, and the executors behind it.

The first that can answer does: the rollup in Redis, the document database where the store is one,
the columns. Each says why it can't; the columns always can.
"""

from dataclasses import dataclass
from typing import Protocol

from formplatform.forms.storage.base import PipelineStore
from formplatform.forms.storage.registry import get_store

from .frames import FRAMES
from .query import columnar, pipeline
from .query.errors import QueryError
from .query.fields import Fields
from .query.plan import Group, Plan


@dataclass(frozen=True, slots=True)
class Subject:
    """The form a plan is about."""

    form_id: str
    fields: Fields


class Engine(Protocol):
    """An executor: says why it can't answer a plan (None: it can), and answers it."""

    name: str
    why: str

    def refusal(self, plan: Plan) -> str | None: ...

    def answer(self, plan: Plan, subject: Subject) -> list[Group]: ...


class Columns:
    """Typed columns of every response, computed by polars."""

    name = "columnar"
    why = "computed over columns"

    def refusal(self, _plan: Plan) -> str | None:
        return None

    def answer(self, plan: Plan, subject: Subject) -> list[Group]:
        return columnar.answer(plan, FRAMES.get(subject.form_id, subject.fields).lazy())


class Documents:
    """A pipeline in the document database that keeps the responses."""

    name = "mongodb"
    why = "one pipeline in the form store answers it"

    def refusal(self, plan: Plan) -> str | None:
        if not isinstance(get_store(), PipelineStore):
            return "the form store is no document database"
        return pipeline.refusal(plan)

    def answer(self, plan: Plan, subject: Subject) -> list[Group]:
        store = get_store()
        assert isinstance(store, PipelineStore)  # noqa: S101 - refused otherwise
        stages = pipeline.to_pipeline(plan)
        found = store.aggregate_responses(subject.form_id, stages, max_time_ms=plan.max_time_ms)
        return pipeline.groups_of(plan, found)


ENGINES: tuple[Engine, ...] = (Documents(), Columns())


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine for a plan, why it, and why not those that would have come first."""

    engine: Engine
    refused: dict[str, str]

    @property
    def reason(self) -> str:
        passed = [f"not {name}: {why}" for name, why in self.refused.items()]
        return "; ".join([self.engine.why, *passed])


def choose(plan: Plan, *, wanted: str | None = None) -> Choice:
    """The first engine that can answer, or the wanted one. Raises QueryError where it can't."""
    refused: dict[str, str] = {}
    for engine in ENGINES:
        if wanted not in (None, engine.name):
            continue
        why = engine.refusal(plan)
        if why is None:
            return Choice(engine, refused)
        refused[engine.name] = why
    message = f"It can't answer this query: {refused.get(wanted or '', 'it is not here')}."
    raise QueryError("engine", "not_available", message)
