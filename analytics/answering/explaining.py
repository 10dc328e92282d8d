"""How a query would be answered: by whom, why, and what that reads. No response is read for it.

Of what bins and top values would be looked up for, nothing is: an explanation holds no answers.
"""

import json
from dataclasses import replace

from analytics.columns import Held
from analytics.query import lookups
from analytics.query.ast import Query, Span
from analytics.query.pipeline import Stage, refusal, to_pipeline
from analytics.query.plan import plan_of
from analytics.query.rows import plain
from analytics.query.small_groups import check_groups
from analytics.statistics.suppression import is_small
from formplatform.core import clock
from formplatform.forms.domain import JsonObject
from formplatform.forms.storage.base import Access
from formplatform.forms.storage.registry import get_store

from .engines import Keys, Reads, Subject, choose

HIDDEN = "The form hides small groups, and this might tell one."
UNREAD = "They are not there: who asks first has them read."


def explain(query: Query, subject: Subject) -> JsonObject:
    """Engine, reason, reads and, for a document database, the pipeline. Raises QueryError."""
    if subject.min_cell:
        check_groups(query)
    sketch = replace(query, dimensions=lookups.sketched(query))
    plan = plan_of(sketch, condition=query.spanned)
    responses = get_store().count_responses(subject.form_id)
    reads, choice = choose(plan, subject, wanted=query.engine)
    return {
        "engine": choice.engine.name,
        "reason": choice.reason,
        "refused": choice.refused,
        "reads": _shown(reads, subject.min_cell),
        "pipeline": None if refusal(plan) else pipeline_as_json(to_pipeline(plan)),
        "groups": [dimension.name for dimension in plan.dimensions],
        "looked_up": lookups.looked_up(query),
        "measures": [measure.name for measure in query.measures],
        "span": _ends(query.span),
        "responses": None if is_small(responses, subject.min_cell) else responses,
        "max_time_ms": query.max_time_ms,
    }


def pipeline_as_json(stages: list[Stage]) -> list[Stage]:
    """Stages as JSON carries them: moments as text."""
    shown: list[Stage] = json.loads(json.dumps(stages, default=plain))
    return shown


def _ends(span: Span | None) -> list[str | None]:
    ends = (span.start, span.end) if span else (None, None)
    return [None if moment is None else clock.to_text(moment) for moment in ends]


def _shown(reads: Reads, least: int) -> JsonObject:
    """What is read, as JSON; `unknown` says why what is None is."""
    match reads:
        case Access():
            unknown = dict(reads.unknown) | ({"documents": HIDDEN} if least else {})
            documents = None if least else reads.documents
            indexes = None if reads.indexes is None else list(reads.indexes)
            return {"indexes": indexes, "documents": documents, "unknown": unknown}
        case Held():
            return _columns(reads, least)
        case Keys():
            unknown = {"keys": HIDDEN} if least else {}
            return {"keys": None if least else reads.count, "unknown": unknown}


def _columns(held: Held, least: int) -> JsonObject:
    is_hidden, as_of = is_small(held.rows, least), held.as_of
    age = None if as_of is None else max(0.0, (clock.now() - as_of).total_seconds())
    unknown = {"rows": HIDDEN} if is_hidden else {}
    if as_of is None:
        unknown |= dict.fromkeys(("as_of", "age_seconds"), UNREAD)
    return {
        "rows": None if is_hidden else held.rows,
        "are_there": as_of is not None,
        "as_of": None if as_of is None else clock.to_text(as_of),
        "age_seconds": age,
        "unknown": unknown,
    }
