"""Queries over HTTP: parse, ask the domain, answer."""

from typing import Any, ClassVar

from django.utils.http import parse_etags
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics import query_builder
from analytics.answering.results import body_of
from analytics.fields import catalogue
from analytics.query.schema import query_schema
from formplatform.core.api.authentication import actor_of
from formplatform.core.api.parsers import parse_json
from formplatform.forms.access import get_form

from .explain_serializers import ExplainInput, ExplainOutput
from .patience import PatientView
from .serializers import (
    AskedInput,
    MetaOutput,
    QueryInput,
    QueryOutput,
)

READ_RESPONSES = "responses:read"
KNOWN = "If-None-Match"


class QueryView(PatientView):
    """Asking a query reads, although it may be posted."""

    read_scope: ClassVar[str] = "analytics:read"
    write_scope: ClassVar[str] = "analytics:read"
    conflicts: ClassVar[bool] = False
    also_answers: ClassVar[tuple[int, ...]] = (422,)

    @extend_schema(
        tags=["analytics"],
        request=QueryInput,
        parameters=[ExplainInput],
        responses=PolymorphicProxySerializer(
            "QueryAnswer", [QueryOutput, ExplainOutput], resource_type_field_name=None
        ),
    )
    def post(self, request: Request, form_id: str) -> Response:
        """Answer a query, or with `explain` say how it would be answered.

        Personal fields are open to those who may read the responses.
        """
        actor = actor_of(request)
        form = get_form(actor, form_id)
        options = ExplainInput(data=request.query_params)
        options.is_valid(raise_exception=True)
        allowed = actor.has_scope(READ_RESPONSES)
        if options.validated_data["explain"]:
            plan = query_builder.explain_query(form.id, request.data, personal_allowed=allowed)
            return Response(plan)
        answer = query_builder.run_query(form.id, request.data, personal_allowed=allowed)
        return Response(body_of(answer))

    @extend_schema(
        tags=["analytics"],
        parameters=[
            OpenApiParameter(
                "q",
                {"type": "string", "minLength": 1, "maxLength": AskedInput.LONGEST},
                required=True,
                description="The query, as JSON.",
                examples=[OpenApiExample("How many there are", '{"aggregate": "count"}')],
            ),
            OpenApiParameter(KNOWN, str, OpenApiParameter.HEADER, description="An ETag."),
            OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 304]),
        ],
        responses={
            200: QueryOutput,
            304: OpenApiResponse(description="The answer still holds."),
            414: OpenApiResponse(description="Longer than the server takes: post the query."),
        },
    )
    def get(self, request: Request, form_id: str) -> Response:
        """Answer the query in `q`, like a posted one. To have it explained, post it.

        The ETag is of its figures: while they are the same, `If-None-Match` gets a 304.
        """
        actor = actor_of(request)
        form = get_form(actor, form_id)
        asked = AskedInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        query = parse_json(asked.validated_data["q"].encode())
        allowed = actor.has_scope(READ_RESPONSES)
        tag = f'W/"{query_builder.answer_tag(form.id, query, personal_allowed=allowed)}"'
        if tag in parse_etags(request.headers.get(KNOWN, "")):
            return _tagged(Response(status=304), tag)
        answer = query_builder.run_query(form.id, query, personal_allowed=allowed)
        return _tagged(Response(body_of(answer)), tag)


def _tagged(answer: Response, tag: str) -> Response:
    answer["ETag"] = tag
    answer["Cache-Control"] = "private, no-cache"  # keep it, and ask whether it still holds
    return answer


class QueryMetaView(APIView):
    read_scope: ClassVar[str] = "analytics:read"

    @extend_schema(tags=["analytics"], responses=MetaOutput)
    def get(self, request: Request, form_id: str) -> Response:
        """The fields of a form, and what a query can ask of each."""
        actor = actor_of(request)
        form = get_form(actor, form_id)
        allowed = actor.has_scope(READ_RESPONSES)
        return Response(catalogue.catalogue_of(form.id, personal_allowed=allowed))


class QuerySchemaView(APIView):
    read_scope: ClassVar[str] = "analytics:read"

    @extend_schema(tags=["analytics"], responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        """The query language as a JSON Schema (draft 2020-12)."""
        return Response(query_schema())
