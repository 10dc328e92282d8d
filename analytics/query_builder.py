"""The query language's public face: parse, print, run."""

import hashlib
import json
from dataclasses import replace

from formplatform.core.version import VERSION
from formplatform.forms.domain import FormVersion, JsonObject
from formplatform.forms.schema.definition import parse_definition
from formplatform.forms.storage.registry import get_store

from .answering.answers import Answering, QueryAnswer
from .answering.engines import Subject
from .answering.explaining import explain
from .fields.form_fields import fields_of_definition, fields_of_form
from .figures.small_cells import min_cell_of
from .query.ast import Query
from .query.fields import Fields
from .query.parser import parse
from .query.pipeline import Stage, to_pipeline
from .query.plan import plan_of
from .query.resolver import resolve
from .query.rows import Row


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
        resolved = query if isinstance(query, Query) else self.parse(query)
        return to_pipeline(plan_of(resolved, condition=resolved.spanned))


def execute_analytics_query(form_id: str, query_dsl: object) -> list[Row]:
    """Rows of a query over the live responses of a form, personal answers closed.

    Raises QueryError for a query that is wrong, UnavailableError where the store is down.
    """
    return run_query(form_id, query_dsl).rows


def run_query(form_id: str, query_dsl: object, *, personal_allowed: bool = False) -> QueryAnswer:
    """As `execute_analytics_query`, with what is known about the answer."""
    fields = fields_of_form(form_id)
    query = QueryDSL(fields, personal_allowed=personal_allowed).parse(query_dsl)
    subject = Subject(form_id, fields, min_cell=min_cell_of(form_id))
    return Answering(query, subject).answer()


def answer_tag(form_id: str, query_dsl: object, *, personal_allowed: bool = False) -> str:
    """Names the answer a query has now: while the tag is the same, its figures are.

    Raises QueryError. Asks the store for the number of responses and of their changes, no more.
    """
    query = QueryDSL(fields_of_form(form_id), personal_allowed=personal_allowed).parse(query_dsl)
    state = (
        form_id,
        json.dumps(query_dsl, sort_keys=True),
        replace(query, include=frozenset()),  # whose spans are those of now
        get_store().change_mark(form_id),
        min_cell_of(form_id),
        personal_allowed,
        VERSION,
    )
    return hashlib.sha256(repr(state).encode()).hexdigest()[:20]


def uncovered_rows(form_id: str, query_dsl: object) -> list[Row]:
    """Rows with small groups, for figures from which these are taken afterwards."""
    fields = fields_of_form(form_id)
    return Answering(QueryDSL(fields).parse(query_dsl), Subject(form_id, fields)).answer().rows


def explain_query(form_id: str, query_dsl: object, *, personal_allowed: bool = False) -> JsonObject:
    """How a query would be answered: engine, reason, reads and, for a document database, the
    pipeline. Reads no response, and has nothing of one.

    Raises QueryError for a query that is wrong, UnavailableError where the store is down.
    """
    fields = fields_of_form(form_id)
    query = QueryDSL(fields, personal_allowed=personal_allowed).parse(query_dsl)
    return explain(query, Subject(form_id, fields, min_cell=min_cell_of(form_id)))
