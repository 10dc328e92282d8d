"""Pages: limit and offset where people browse, cursors where machines read."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

DEFAULT_LIMIT = 25
MAX_LIMIT = 1000
MOST_DIGITS = 12
MAX_OFFSET = 10**9


LIMIT_PARAMETER = OpenApiParameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    description="How many at most.",
)
OFFSET_PARAMETER = OpenApiParameter(
    "offset",
    {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0},
    description="How many to leave out.",
)
WINDOW_PARAMETERS = [LIMIT_PARAMETER, OFFSET_PARAMETER]


class PageOutput(serializers.Serializer[Any]):
    """What `page_body` gives; a subclass adds its `results`."""

    count = serializers.IntegerField(help_text="Of all pages.")
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class BrowsingPagination(LimitOffsetPagination):
    """``{"count", "next", "previous", "results"}`` over a queryset."""

    default_limit = DEFAULT_LIMIT
    max_limit = MAX_LIMIT

    def get_limit(self, request: Request) -> int:
        return window_of(request)[0]

    def get_offset(self, request: Request) -> int:
        return window_of(request)[1]

    def get_schema_operation_parameters(self, view: object) -> list[dict[str, Any]]:
        return [
            {
                "name": each.name,
                "in": "query",
                "required": False,
                "description": each.description,
                "schema": each.type,
            }
            for each in WINDOW_PARAMETERS
        ]


def window_of(request: Request) -> tuple[int, int]:
    """(limit, offset) of a request. Raises ValidationError."""
    return (
        whole_number(request, "limit", DEFAULT_LIMIT, minimum=1, maximum=MAX_LIMIT),
        whole_number(request, "offset", 0, minimum=0, maximum=MAX_OFFSET),
    )


def whole_number(request: Request, name: str, default: int, *, minimum: int, maximum: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    digits = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    if not digits or not minimum <= int(text) <= maximum:
        raise ValidationError({name: f"Expected a whole number from {minimum} to {maximum}."})
    return int(text)


def search_of(request: Request) -> str:
    """The words to look for. Raises ValidationError where no store could hold them."""
    words = str(request.query_params.get("search", ""))
    if "\0" in words:
        raise ValidationError({"search": "Expected text without NUL characters."})
    return words


def page_body(request: Request, results: Sequence[Any], *, total: int) -> dict[str, Any]:
    """The browsing page of results that a store has already cut out."""
    limit, offset = window_of(request)
    url = request.build_absolute_uri()

    def at(place: int) -> str:
        return str(replace_query_param(replace_query_param(url, "limit", limit), "offset", place))

    return {
        "count": total,
        "next": at(offset + limit) if offset + limit < total else None,
        "previous": at(max(0, offset - limit)) if offset else None,
        "results": list(results),
    }
