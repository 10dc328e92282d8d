"""The query language's public face: parse, print, run."""

import time
from dataclasses import dataclass, replace
from datetime import datetime

from formplatform.core import clock
from formplatform.forms.domain import FormVersion
from formplatform.forms.schema.definition import parse_definition
from formplatform.forms.storage.base import PipelineStore
from formplatform.forms.storage.registry import get_store

from .columns import COLUMNS
from .form_fields import fields_of_definition, fields_of_form
from .query import columnar, limits
from .query.ast import Query
from .query.fields import Fields
from .query.parser import parse
from .query.pipeline import Stage, to_pipeline
from .query.resolver import resolve
from .query.rows import Row, to_rows


class QueryDSL:
    """Parses analytical queries against the fields of a form and translates them.

    `form_version` is a published version, or the fields of several. Personal answers may be
    compared, grouped by and looked up only where `personal_allowed`.
    """

    def __init__(
        self, form_version: FormVersion | Fields, *, personal_allowed: bool = False
    ) -> None:
        if isinstance(form_version, FormVersion):
            form_version = fields_of_definition(parse_definition(form_version.definition))
        self._fields = form_version
        self._personal_allowed = personal_allowed

    def parse(self, query_json: object) -> Query:
        """Check a query and resolve its names. Raises QueryError."""
        return resolve(parse(query_json), self._fields, personal_allowed=self._personal_allowed)

    def to_mongo_pipeline(self, query: object) -> list[Stage]:
        """The aggregation stages of a query, given as JSON or already parsed."""
        return to_pipeline(query if isinstance(query, Query) else self.parse(query))


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryAnswer:
    """The rows, which executor found them, when they were true, how long it took.

    `truncated` says whether the limit cut rows off.
    """

    rows: list[Row]
    truncated: bool
    engine: str
    as_of: datetime
    elapsed_ms: float


def execute_analytics_query(form_id: str, query_dsl: object) -> list[Row]:
    """Rows `{_id, value}` of a query over the live responses of a form, personal answers closed.

    Raises QueryError for a query that is wrong, UnavailableError where the store is down.
    """
    return run_query(form_id, query_dsl).rows


def run_query(form_id: str, query_dsl: object, *, personal_allowed: bool = False) -> QueryAnswer:
    """As `execute_analytics_query`, with what is known about the answer."""
    started = time.perf_counter()
    fields = fields_of_form(form_id)
    query = QueryDSL(fields, personal_allowed=personal_allowed).parse(query_dsl)
    one_more = replace(query, limit=query.limit + 1)
    as_of = clock.now()
    store = get_store()
    if isinstance(store, PipelineStore):
        engine, rows = "mongodb", answer_from_pipeline(store, form_id, one_more)
    else:
        scan = COLUMNS.get(form_id, fields)
        engine, rows, as_of = "columnar", columnar.run(one_more, scan.frame), scan.as_of
    elapsed_ms = round((time.perf_counter() - started) * 1000, 3)
    return QueryAnswer(
        rows=rows[: query.limit],
        truncated=len(rows) > query.limit,
        engine=engine,
        as_of=as_of,
        elapsed_ms=elapsed_ms,
    )


def answer_from_pipeline(store: PipelineStore, form_id: str, query: Query) -> list[Row]:
    found = store.aggregate_responses(form_id, to_pipeline(query), max_time_ms=limits.MAX_TIME_MS)
    places = [f"d{place}" for place in range(len(query.dimensions))]
    return to_rows(
        query, (([row["_id"][place] for place in places], row["value"]) for row in found)
    )
