"""Responses and sessions over HTTP."""

from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from formplatform.core.api.authentication import actor_of
from formplatform.core.api.idempotency import KEY_PARAMETER, idempotency_key
from formplatform.core.api.pagination import DEFAULT_LIMIT, LIMIT_PARAMETER, MAX_LIMIT, whole_number
from formplatform.core.api.permissions import OpenPermission, ScopedPermission
from formplatform.core.api.preconditions import matching, revision_tag, tagged
from formplatform.core.clock import to_milliseconds, to_text
from formplatform.core.errors import FieldError, InvalidInputError
from formplatform.forms import access, responses as stored, sessions
from formplatform.forms.access import Role
from formplatform.forms.domain import FormResponse
from formplatform.forms.ids import is_id
from formplatform.forms.storage.base import ResponseQuery
from formplatform.forms.submissions import submit_response

from .forms import checked
from .serializers import (
    AnswersInput,
    EditResponseInput,
    ResponseOutput,
    ResponsePage,
    SessionInput,
    SessionOutput,
    response_body,
    session_body,
)


@extend_schema(tags=["responses"])
class ResponseList(APIView):
    read_scope: ClassVar[str] = "responses:read"

    @property
    def throttle_scope(self) -> str | None:
        if self.request.method != "POST":
            return None
        return "submit" if self.request.user.is_authenticated else "submit_anonymous"

    def get_permissions(self) -> list[OpenPermission | ScopedPermission]:
        """Submitting is open: the form's own setting decides in the domain."""
        return [OpenPermission() if self.request.method == "POST" else ScopedPermission()]

    @extend_schema(
        operation_id="forms_responses_list",
        parameters=[OpenApiParameter("cursor", str), LIMIT_PARAMETER],
        responses=ResponsePage,
    )
    def get(self, request: Request, form_id: str) -> Response:
        """Responses, newest first; follow `next` for more."""
        form = access.get_form(actor_of(request), form_id)
        limit = whole_number(request, "limit", DEFAULT_LIMIT, minimum=1, maximum=MAX_LIMIT)
        query = ResponseQuery(form_id=form.id, after=_place(request), limit=limit)
        page = stored.page_responses(query)
        bodies = [response_body(each) for each in page]
        return Response({"next": _next(request, page, limit), "results": bodies})

    @extend_schema(
        request=AnswersInput,
        parameters=[KEY_PARAMETER],
        responses={201: ResponseOutput, 200: ResponseOutput},
    )
    def post(self, request: Request, form_id: str) -> Response:
        """Submit a response. A repeated Idempotency-Key answers 200 with the first one."""
        actor = actor_of(request)
        form = access.get_form_to_submit(actor, form_id)
        answers, session_id = _submitted(request.data)
        response, created = submit_response(
            form,
            answers,
            actor=actor,
            idempotency_key=idempotency_key(request),
            session_id=session_id,
        )
        return _shown(response, status=201 if created else 200)


@extend_schema(tags=["responses"])
class ResponseDetail(APIView):
    read_scope: ClassVar[str] = "responses:read"
    write_scope: ClassVar[str] = "responses:write"
    conditional: ClassVar[bool] = True

    @extend_schema(responses=ResponseOutput)
    def get(self, request: Request, form_id: str, response_id: str) -> Response:
        form = access.get_form(actor_of(request), form_id)
        return _shown(stored.get_response(form.id, response_id))

    @extend_schema(request=EditResponseInput, responses=ResponseOutput)
    def put(self, request: Request, form_id: str, response_id: str) -> Response:
        """Replace the answers; the ones before stay in the history."""
        actor = actor_of(request)
        form = access.get_form(actor, form_id, role=Role.EDITOR)
        body = checked(EditResponseInput, request)
        found = stored.get_response(form.id, response_id)
        with matching(request, revision_tag(found.revision)):
            edited = stored.edit_response(
                found, body["answers"], actor=actor, expected_revision=body.get("revision")
            )
        return _shown(edited)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, form_id: str, response_id: str) -> Response:
        actor = actor_of(request)
        form = access.get_form(actor, form_id, role=Role.EDITOR)
        found = stored.get_response(form.id, response_id)
        with matching(request, revision_tag(found.revision)):
            stored.delete_response(found, actor=actor)
        return Response(status=204)


@extend_schema(tags=["responses"])
class SessionList(APIView):
    permission_classes = [OpenPermission]
    throttle_scope: ClassVar[str] = "submit_anonymous"

    @extend_schema(request=SessionInput, responses=SessionOutput)
    def post(self, request: Request, form_id: str) -> Response:
        """Note which steps a respondent reached; the same news twice changes nothing."""
        form = access.get_form_to_submit(actor_of(request), form_id)
        body = checked(SessionInput, request)
        session = sessions.record_steps(
            form,
            dict.fromkeys(body["steps"]),
            session_id=body.get("session_id"),
            pages=dict.fromkeys(body["pages"]),
            fields=dict.fromkeys(body["fields"]),
        )
        return Response(session_body(session))


def _shown(response: FormResponse, *, status: int = 200) -> Response:
    return tagged(response_body(response), revision_tag(response.revision), status=status)


def _submitted(body: object) -> tuple[Any, str | None]:
    """(answers, session id) of a body. By hand: this is asked for every response."""
    if not isinstance(body, dict):
        raise _invalid("body", "wrong_type", "Expected an object with answers.")
    unknown = body.keys() - {"answers", "session_id"}
    if unknown:
        key = str(min(unknown))[:100].encode("utf-8", "replace").decode()
        raise _invalid(key, "unknown_key", "Expected answers and, if you like, session_id.")
    session_id = body.get("session_id")
    if session_id is not None and not is_id(session_id):
        raise _invalid("session_id", "invalid_id", "Expected 24 hexadecimal digits.")
    return body.get("answers"), session_id


def _invalid(field: str, code: str, message: str) -> InvalidInputError:
    error = FieldError(field, code, message)
    return InvalidInputError("Some values are not valid.", errors=[error])


def _place(request: Request) -> tuple[datetime, str] | None:
    cursor = request.query_params.get("cursor")
    if cursor is None:
        return None
    moment, _, response_id = cursor.partition("_")
    try:
        if is_id(response_id):
            return to_milliseconds(datetime.fromisoformat(moment)), response_id
    except (ValueError, OverflowError):
        pass
    raise ValidationError({"cursor": "Expected the cursor of an earlier answer."})


def _next(request: Request, page: list[FormResponse], limit: int) -> str | None:
    if len(page) < limit:
        return None
    cursor = f"{to_text(page[-1].submitted_at)}_{page[-1].id}"
    return str(replace_query_param(request.build_absolute_uri(), "cursor", cursor))
