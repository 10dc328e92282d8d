"""Where the API begins: what there is to start from."""

from typing import Any

from django.urls import NoReverseMatch, resolve, reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer, URLField
from rest_framework.views import APIView

from .permissions import KnownPermission

COLLECTIONS = {
    "forms": "forms",
    "saved_queries": "saved-queries",
    "query_schema": "query-schema",
    "webhooks": "webhooks",
    "dead_letters": "dead-letters",
    "schedules": "schedules",
    "reports": "reports",
    "plugins": "plugins",
    "cache": "cache",
    "api_keys": "api-keys",
    "schema": "schema",
    "docs": "docs",
}
"""What it is called here → the name of its URL. What is switched off has none."""


class RootOutput(Serializer[dict[str, Any]]):
    def get_fields(self) -> dict[str, Any]:
        return {name: URLField(required=False) for name in COLLECTIONS}


class Root(APIView):
    """The formplatform API, version 2."""

    permission_classes = [KnownPermission]

    @extend_schema(tags=["start"], responses=RootOutput)
    def get(self, request: Request) -> Response:
        """The collections you can start from: those that are switched on, and open to you."""
        found = ((name, _address(url_name)) for name, url_name in COLLECTIONS.items())
        return Response(
            {
                name: request.build_absolute_uri(address)
                for name, address in found
                if address and _is_open(request, address)
            }
        )

    def get_view_name(self) -> str:
        return "Start"


def _address(url_name: str) -> str | None:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return None


def _is_open(request: Request, address: str) -> bool:
    """Whether the view behind the address would let the caller read: it is asked itself."""
    found: Any = resolve(address).func
    view = found.view_class(**found.initkwargs)
    view.request = request
    return all(each.has_permission(request, view) for each in view.get_permissions())
