"""The only place that turns errors into HTTP: RFC 9457 problem documents.

``{"type", "title", "status", "detail", "code", "errors": [{"field", "code", "message"}]}``
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import DisallowedHost, PermissionDenied, RequestDataTooBig
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from formplatform.core.connections import REDIS_ERRORS
from formplatform.core.errors import FieldError, InvalidInputError, PlatformError, TooLargeError

CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 5
BROWSABLE = "api"
"""What REST framework calls the pages of the browsable API."""
OUTAGES = (OperationalError, InterfaceError, *REDIS_ERRORS)

Problem = dict[str, Any]


def problem(status: int, code: str, detail: str, *, errors: tuple[FieldError, ...] = ()) -> Problem:
    found: Problem = {
        "type": f"/api/v2/docs/#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        found["errors"] = [
            {"field": error.field, "code": error.code, "message": error.message} for error in errors
        ]
    return found


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None for what nobody expected: that is a 500."""
    answer = _of_ours(error) or _of_a_store(error) or _of_drf(error)
    if answer is not None:
        set_rollback()
        renderer = getattr(context.get("request"), "accepted_renderer", None)
        if getattr(renderer, "format", None) == BROWSABLE:
            answer.content_type = None  # a page about the problem, not the problem itself
    return answer


def _response(body: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def _of_ours(error: Exception) -> Response | None:
    if isinstance(error, RequestDataTooBig):
        error = TooLargeError("The body is larger than we take.")
    if not isinstance(error, PlatformError):
        return None
    errors = error.errors if isinstance(error, InvalidInputError) else ()
    seconds = getattr(error, "retry_after_seconds", None)
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    code = str(error.data.get("code", error.code))
    return _response(problem(error.status, code, error.message, errors=errors), headers)


def _of_a_store(error: Exception) -> Response | None:
    if isinstance(error, DataError):  # a NUL in a path or query, on PostgreSQL
        return _response(problem(400, "invalid_input", "A value here cannot be stored."))
    if not isinstance(error, OUTAGES):
        return None
    body = problem(503, "unavailable", "A store does not answer: try again in a moment.")
    return _response(body, {"Retry-After": str(RETRY_SECONDS)})


def _of_drf(error: Exception) -> Response | None:
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    if isinstance(error, exceptions.ValidationError):
        errors = tuple(_field_errors(error.get_full_details(), ""))
        body = problem(400, "invalid_input", "Some values are not valid.", errors=errors)
    else:
        code = str(getattr(error.detail, "code", error.default_code))
        body = problem(error.status_code, code, str(error.detail))
    return _response(body, _headers(error))


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    challenge, wait = getattr(error, "auth_header", None), getattr(error, "wait", None)
    if challenge:
        headers["WWW-Authenticate"] = str(challenge)
    if wait:
        headers["Retry-After"] = str(int(wait) + 1)
    return headers


def _field_errors(details: Any, place: str) -> Iterator[FieldError]:
    if isinstance(details, Mapping) and {"message", "code"} == details.keys():
        yield FieldError(place or "body", str(details["code"]), str(details["message"]))
    elif isinstance(details, Mapping):
        for key, value in details.items():
            name = "" if key == "non_field_errors" else str(key)
            yield from _field_errors(value, f"{place}.{name}".strip("."))
    else:
        for number, value in enumerate(details):
            nested = isinstance(value, Mapping) and {"message", "code"} != value.keys()
            yield from _field_errors(value, f"{place}[{number}]" if nested else place)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What is refused before a view is found: a wrong Host, a suspicious path."""
    if not request.path.startswith("/api/"):
        return defaults.bad_request(request, exception)
    body = problem(400, "bad_request", _why_bad(exception))
    return JsonResponse(body, status=400, content_type=CONTENT_TYPE)


def _why_bad(exception: Exception) -> str:
    if isinstance(exception, DisallowedHost):
        return "This site does not answer for that Host: see ALLOWED_HOSTS."
    return "The request can't be read as it is."


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001
    body = problem(404, "not_found", "There is nothing at this address.")
    return JsonResponse(body, status=404, content_type=CONTENT_TYPE)


def server_error(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django's signature
    body = problem(500, "error", "Something went wrong here; it has been logged.")
    return JsonResponse(body, status=500, content_type=CONTENT_TYPE)
