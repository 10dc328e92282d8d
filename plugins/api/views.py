"""Staff endpoints: see plugins, switch them, give them settings."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from formplatform.core.api.permissions import StaffPermission
from plugins.overview import overview_of
from plugins.registry import (
    change_settings,
    disable_plugin,
    enable_plugin,
    get_plugin,
    list_plugins,
)

from .serializers import PluginOutput, SettingsInput


def shown(name: str) -> Response:
    return Response(PluginOutput(overview_of(*get_plugin(name))).data)


@extend_schema(tags=["plugins"])
class PluginView(APIView):
    permission_classes = [StaffPermission]
    read_scope: ClassVar[str] = "plugins:read"
    write_scope: ClassVar[str] = "plugins:write"


class PluginList(PluginView):
    @extend_schema(responses=PluginOutput(many=True))
    def get(self, request: Request) -> Response:
        """Every plugin on this server, those that cannot run with the reason."""
        found = [overview_of(row, plugin) for row, plugin in list_plugins()]
        return Response(PluginOutput(found, many=True).data)


class PluginDetail(PluginView):
    @extend_schema(responses=PluginOutput)
    def get(self, request: Request, name: str) -> Response:
        return shown(name)

    @extend_schema(request=SettingsInput, responses=PluginOutput)
    def patch(self, request: Request, name: str) -> Response:
        """Give the plugin new settings; they are checked against its schema."""
        wanted = SettingsInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        change_settings(name, wanted.validated_data["settings"])
        return shown(name)


class PluginEnable(PluginView):
    @extend_schema(request=None, responses=PluginOutput)
    def post(self, request: Request, name: str) -> Response:
        """Let the plugin run. 409 with the reason where it cannot."""
        enable_plugin(name)
        return shown(name)


class PluginDisable(PluginView):
    @extend_schema(request=None, responses=PluginOutput)
    def post(self, request: Request, name: str) -> Response:
        """Stop telling the plugin anything."""
        disable_plugin(name)
        return shown(name)
