"""Many responses at once over HTTP: import a body, export a stream."""

from io import BytesIO
from typing import Any, BinaryIO, ClassVar, cast

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from formplatform.core.api.authentication import actor_of
from formplatform.core.api.idempotency import KEY_PARAMETER, one_body
from formplatform.core.api.raw_bodies import CsvParser, NdjsonParser
from formplatform.core.errors import FieldError, InvalidInputError
from formplatform.forms import access
from formplatform.forms.access import Role
from formplatform.forms.exports import Format, export_responses
from formplatform.forms.imports import import_stream

LARGEST_BODY = 20 * 1024 * 1024
CONTENT_TYPES = {Format.NDJSON: NdjsonParser.media_type, Format.CSV: CsvParser.media_type}


class RefusalOutput(serializers.Serializer[dict[str, Any]]):
    row = serializers.IntegerField()
    raw = serializers.JSONField()
    errors = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]  # the stubs' own `errors`


class ImportOutput(serializers.Serializer[dict[str, Any]]):
    import_id = serializers.CharField()
    stored = serializers.IntegerField()
    repeated = serializers.IntegerField(help_text="Rows that were stored before.")
    refused = serializers.IntegerField()
    refusals = RefusalOutput(many=True)


@extend_schema(tags=["responses"])
class ResponseImport(APIView):
    write_scope: ClassVar[str] = "responses:write"
    parser_classes = [NdjsonParser, CsvParser]

    @extend_schema(
        request={
            NdjsonParser.media_type: OpenApiTypes.BINARY,
            CsvParser.media_type: OpenApiTypes.BINARY,
        },
        parameters=[KEY_PARAMETER],
        responses=ImportOutput,
    )
    def post(self, request: Request, form_id: str) -> Response:
        """Take in NDJSON or CSV of at most 20 MiB. The same body again stores nothing.

        Wrong rows are named and left out. Under a new Idempotency-Key the same body is stored
        anew; under one that came with another body it is refused.
        """
        actor = actor_of(request)
        form = access.get_form(actor, form_id, role=Role.EDITOR)
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        with one_body(request) as import_id_of:
            report = import_stream(
                form,
                _body(request),
                file_format=Format.CSV if kind == CsvParser.media_type else Format.NDJSON,
                actor=actor,
                largest=LARGEST_BODY,
                import_id_of=import_id_of,
            )
        return Response(
            {
                "import_id": report.import_id,
                "stored": report.stored,
                "repeated": report.repeated,
                "refused": report.refused,
                "refusals": [refusal.to_json() for refusal in report.refusals],
            }
        )


@extend_schema(tags=["responses"])
class ResponseExport(APIView):
    read_scope: ClassVar[str] = "responses:read"

    @extend_schema(
        parameters=[
            OpenApiParameter("as", str, enum=[each.value for each in Format]),
            OpenApiParameter("pii", bool, description="Whether personal fields are included."),
        ],
        responses={(200, each): OpenApiTypes.BINARY for each in CONTENT_TYPES.values()},
    )
    def get(self, request: Request, form_id: str) -> StreamingHttpResponse:
        """Every response, in the order of the ids, as a stream."""
        form = access.get_form(actor_of(request), form_id)
        wanted = _choice(request, "as", [each.value for each in Format], Format.NDJSON.value)
        pii = _choice(request, "pii", ["true", "false"], "true")
        chunks = export_responses(form.id, file_format=Format(wanted), include_pii=pii == "true")
        answer = StreamingHttpResponse(chunks, content_type=CONTENT_TYPES[Format(wanted)])
        answer["Content-Disposition"] = f'attachment; filename="responses-{form.id}.{wanted}"'
        return answer


def _body(request: Request) -> BinaryIO:
    """What our parsers hand on; DRF asks no parser about a body of no bytes."""
    return cast("BinaryIO", request.data) if request.data else BytesIO()


def _choice(request: Request, name: str, options: list[str], default: str) -> str:
    value: str = request.query_params.get(name, default)
    if value not in options:
        error = FieldError(name, "invalid_choice", f"Expected one of {', '.join(options)}.")
        raise InvalidInputError("Some values are not valid.", errors=[error])
    return value
