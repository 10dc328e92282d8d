"""Staff endpoints: look at the cache, make parts of it stale."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from caching.decorators import invalidate_cache
from caching.overview import describe_cache
from caching.tags import bump
from formplatform.core.api.permissions import StaffPermission

from .serializers import BumpInput, CacheOutput, InvalidateInput, InvalidateOutput


class StaffView(APIView):
    permission_classes = [StaffPermission]
    read_scope: ClassVar[str] = "cache:read"
    write_scope: ClassVar[str] = "cache:write"
    conflicts: ClassVar[bool] = False


class CacheView(StaffView):
    @extend_schema(responses=CacheOutput, tags=["cache"])
    def get(self, request: Request) -> Response:
        """How well the cache works."""
        return Response(CacheOutput(describe_cache()).data)


class BumpView(StaffView):
    @extend_schema(request=BumpInput, responses={204: None}, tags=["cache"])
    def post(self, request: Request) -> Response:
        """Make everything under some tags stale, at once and in every process."""
        wanted = BumpInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        bump(*wanted.validated_data["tags"])
        return Response(status=204)


class InvalidateView(StaffView):
    @extend_schema(request=InvalidateInput, responses=InvalidateOutput, tags=["cache"])
    def post(self, request: Request) -> Response:
        """Make what some functions returned stale."""
        wanted = InvalidateInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        names = invalidate_cache(wanted.validated_data["pattern"])
        return Response({"functions": names})
