"""Responses and results as files."""

from dataclasses import replace
from typing import Any, ClassVar

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from analytics import query_builder, saved_queries
from analytics.exports.answer_table import answer_table
from analytics.exports.answers import Written
from analytics.exports.downloads import DOWNLOADS, Download
from analytics.exports.formats import WRITERS, Format
from analytics.exports.selection import Selection, responses_table
from analytics.exports.tables import Table
from analytics.times import spans
from formplatform.core.actors import Actor
from formplatform.core.api.authentication import actor_of
from formplatform.core.errors import NotFoundError, PermissionDeniedError
from formplatform.forms.access import get_form
from formplatform.forms.domain import Form

from .patience import PatientView
from .serializers import Plain, QueryInput, ZoneField

FILE = {(200, writer.content_type): OpenApiTypes.BINARY for writer in WRITERS.values()}


class ExportInput(serializers.Serializer[Plain]):
    """How the file is made."""

    personal = serializers.BooleanField(
        default=False, help_text="Also personal fields, for those who may read the responses."
    )
    saved_query = serializers.IntegerField(
        required=False, help_text="The answer to this query instead of responses."
    )

    bom = serializers.BooleanField(
        default=False, help_text="Of CSV: a mark in front, by which Excel knows UTF-8."
    )

    def get_fields(self) -> dict[str, Any]:
        """`as`, as in the export of a form, is a word of the language."""
        formats = [each.value for each in Format]
        kind = serializers.ChoiceField(choices=formats, default=Format.CSV.value)
        return {"as": kind, **super().get_fields()}


class ResponsesInput(ExportInput):
    """Which responses, and how their answers are written."""

    fields_wanted = serializers.CharField(
        required=False, max_length=3000, help_text="Names of fields, with commas between."
    )
    version = serializers.IntegerField(required=False, min_value=1)
    timezone = ZoneField()
    values = serializers.ChoiceField(choices=["ids", "labels"], default="ids")
    options = serializers.ChoiceField(
        choices=["joined", "split"],
        default="joined",
        help_text="Several options in one column, or one column each.",
    )

    def get_fields(self) -> dict[str, Any]:
        found = super().get_fields()
        wanted = found.pop("fields_wanted")
        span = {"from": "The first day or moment.", "to": "The last day, or the moment after."}
        bounds = {
            name: serializers.CharField(required=False, max_length=40, help_text=text)
            for name, text in span.items()
        }
        return {**found, "fields": wanted, **bounds}


@extend_schema(tags=["analytics"])
class ExportView(PatientView):
    """Responses need the scope of the responses; results that of the numbers."""

    read_scope: ClassVar[str] = "analytics:read"
    write_scope: ClassVar[str] = "analytics:read"
    conflicts: ClassVar[bool] = False
    also_answers: ClassVar[tuple[int, ...]] = (422,)

    def perform_content_negotiation(
        self,
        request: Request,
        force: bool = False,  # noqa: FBT001, FBT002 - the framework's own
    ) -> Any:
        """The file is what `as` names, whatever is accepted; a refusal is JSON."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(parameters=[ResponsesInput], responses=FILE)
    def get(self, request: Request, form_id: str) -> StreamingHttpResponse:
        """The responses of a form, or the answer to a saved query, as a stream."""
        actor = actor_of(request)
        form = get_form(actor, form_id)
        asked = _checked(ResponsesInput, request)
        if "saved_query" in asked:
            return _file(actor, form, _saved_answer(actor, form, asked), asked)
        allowed = actor.has_scope(saved_queries.PERSONAL_SCOPE)
        if not allowed:
            raise PermissionDeniedError("The key needs the scope responses:read.")
        table = responses_table(form.id, _selection(asked), personal_allowed=allowed)
        return _file(actor, form, table, asked)

    @extend_schema(parameters=[ExportInput], request=QueryInput, responses=FILE)
    def post(self, request: Request, form_id: str) -> StreamingHttpResponse:
        """The answer to the query in the body, or to a saved one, as a file."""
        actor = actor_of(request)
        form = get_form(actor, form_id)
        asked = _checked(ExportInput, request)
        if "saved_query" in asked:
            return _file(actor, form, _saved_answer(actor, form, asked), asked)
        return _file(actor, form, _answer(actor, form, request.data, asked), asked)


def _checked(serializer: type[ExportInput], request: Request) -> Plain:
    asked = serializer(data=request.query_params)
    asked.is_valid(raise_exception=True)
    values: Plain = asked.validated_data
    return values


def _saved_answer(actor: Actor, form: Form, asked: Plain) -> Table:
    saved = saved_queries.get_query(actor, asked["saved_query"])
    if saved.form_id != form.id:
        raise NotFoundError("This form has no such saved query.")
    return _answer(actor, form, saved.query, asked)


def _answer(actor: Actor, form: Form, query: object, asked: Plain) -> Table:
    """Personal fields are open only where they are asked for."""
    allowed = actor.has_scope(saved_queries.PERSONAL_SCOPE)
    if asked["personal"] and not allowed:
        raise PermissionDeniedError("Personal fields need the scope responses:read.")
    return answer_table(query_builder.run_query(form.id, query, personal_allowed=asked["personal"]))


def _selection(asked: Plain) -> Selection:
    zone = asked["timezone"]
    names = asked.get("fields")
    return Selection(
        since=spans.first_moment(asked.get("from"), zone),
        until=spans.end_moment(asked.get("to"), zone),
        version=asked.get("version"),
        fields=None if names is None else [n.strip() for n in names.split(",") if n.strip()],
        personal=asked["personal"],
        written=Written(
            labels=asked["values"] == "labels",
            split_options=asked["options"] == "split",
            timezone=zone,
        ),
    )


def _file(actor: Actor, form: Form, table: Table, asked: Plain) -> StreamingHttpResponse:
    file_format = Format(asked["as"])
    writer = WRITERS[file_format]
    chunks = writer.write(replace(table, marked=asked["bom"]))
    download = Download(chunks, DOWNLOADS.take(actor.user_id or 0))
    answer = StreamingHttpResponse(download, content_type=writer.content_type)
    answer["Content-Disposition"] = f'attachment; filename="form-{form.id}.{file_format}"'
    answer["X-Accel-Buffering"] = "no"
    if table.truncated:
        answer["X-Truncated"] = "true"  # by the limit of the query
    return answer
