"""The schema's own account of refusals, keys and tags, which every operation shares.

Views say what only they know in attributes: `conditional` (has an ETag and takes If-Match),
`conflicts` (whether a write may answer 409; it may unless they say no) and `also_answers`
(further refusals).
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiParameter
from rest_framework.permissions import SAFE_METHODS

from .exceptions import CONTENT_TYPE
from .permissions import KnownPermission
from .preconditions import HEADER as IF_MATCH

Schema = dict[str, Any]
EDITS = {"PUT", "PATCH", "DELETE"}
NAMES_A_FORM = "form_id"

REFUSALS: Mapping[int, str] = {
    400: "Something that was sent is wrong; `errors` names every field.",
    401: "Nobody is signed in, or the key is unknown, expired or revoked.",
    403: "The caller may not do this: it needs another role, or the key another scope.",
    404: "There is no such thing for this caller.",
    409: "It collides with the state of what is there; `code` and `detail` say how.",
    412: "It is not in the state that If-Match names. Nothing was changed.",
    413: "The body is larger than we take.",
    415: "The body is of another media type than the operation takes.",
    422: "The question is valid, but the store could not answer it, or not in time.",
    429: "Too many requests: wait for as long as Retry-After says.",
    503: "A store does not answer: try again after as long as Retry-After says.",
}
PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457. `code` is stable and for programs, `detail` is for people.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "description": "The phrase of the status."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What is wrong, and the remedy."},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string", "description": "Where: `fields[2].label`."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
HEADERS: Mapping[int, tuple[str, Schema]] = {
    401: ("WWW-Authenticate", {"type": "string"}),
    429: ("Retry-After", {"type": "integer", "minimum": 1}),
    503: ("Retry-After", {"type": "integer", "minimum": 1}),
}
TAG_PARAMETERS = (
    OpenApiParameter(
        "ETag", str, OpenApiParameter.HEADER, response=[200, 201], description="For If-Match."
    ),
)
MATCH_PARAMETERS = (
    OpenApiParameter(
        IF_MATCH,
        str,
        OpenApiParameter.HEADER,
        description="The ETag of the state you have seen; another one is refused (412).",
    ),
)


class PlatformSchema(AutoSchema):
    """An operation as spectacular sees it, with the refusals that apply to it."""

    def get_override_parameters(self) -> list[Any]:
        found = list(super().get_override_parameters())
        if getattr(self.view, "conditional", False):
            found += TAG_PARAMETERS
            found += MATCH_PARAMETERS if self.method in EDITS else ()
        return found

    def _get_response_bodies(self, direction: Direction = "response") -> Schema:
        bodies: Schema = super()._get_response_bodies(direction)
        for status in sorted(self._refusals()) if direction == "response" else ():
            bodies[str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
        return bodies

    def _refusals(self) -> Iterator[int]:
        yield from (401, 429, 503)
        yield from getattr(self.view, "also_answers", ())
        parameters: list[Schema] = self._get_parameters()
        has_body = bool(self._get_request_body())  # type: ignore[no-untyped-call]  # spectacular's
        if not any(isinstance(each, KnownPermission) for each in self.view.get_permissions()):
            yield 403
        if parameters or has_body:
            yield 400
        if has_body:
            yield from (413, 415)
        places = {each["in"] for each in parameters}
        if "path" in places or self._names_a_form(parameters, has_body=has_body):
            yield 404
        if self.method not in SAFE_METHODS and getattr(self.view, "conflicts", True):
            yield 409
        if getattr(self.view, "conditional", False) and self.method in EDITS:
            yield 412

    def _names_a_form(self, parameters: list[Schema], *, has_body: bool) -> bool:
        body: Any = self.get_request_serializer() if has_body else None
        fields = getattr(body() if isinstance(body, type) else body, "fields", {})
        return NAMES_A_FORM in {*fields, *(each["name"] for each in parameters)}


def add_problems(result: Schema, **_: object) -> Schema:
    """Spectacular's hook: the one `Problem`, and the refusals that refer to it."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["responses"] = {_name(status): _refusal(status) for status in REFUSALS}
    return result


def _refusal(status: int) -> Schema:
    schema = {"$ref": "#/components/schemas/Problem"}
    found: Schema = {
        "description": REFUSALS[status],
        "content": {CONTENT_TYPE: {"schema": schema}},
    }
    if status in HEADERS:
        name, header = HEADERS[status]
        found["headers"] = {name: {"schema": header}}
    return found


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")
