"""The query language's public face: parse, print, run."""

from formplatform.forms.domain import FormVersion
from formplatform.forms.schema.definition import parse_definition

from .answers import Answering, QueryAnswer
from .engines import Subject
from .form_fields import fields_of_definition, fields_of_form
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
    return Answering(query, Subject(form_id, fields)).answer()
