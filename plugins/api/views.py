"""Staff endpoints: see plugins, switch them, give them settings."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from formplatform.core.api.permissions import StaffPermission
from formplatform.core.api.preconditions import content_tag, editing, tagged
from plugins.models import Plugin
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
    row, found = get_plugin(name)
    return tagged(PluginOutput(overview_of(row, found)).data, tag_of(row))


def tag_of(row: Plugin) -> str:
    """Of what can be edited: the settings."""
    return content_tag(sorted(row.settings.items()))


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
    conditional: ClassVar[bool] = True

    @extend_schema(responses=PluginOutput)
    def get(self, request: Request, name: str) -> Response:
        return shown(name)

    @extend_schema(request=SettingsInput, responses=PluginOutput)
    def patch(self, request: Request, name: str) -> Response:
        """Give the plugin new settings; they are checked against its schema."""
        wanted = SettingsInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        row, _ = get_plugin(name)
        with editing(request, Plugin.objects.filter(pk=row.pk), tag_of):
            change_settings(name, wanted.validated_data["settings"])
        return shown(name)


class PluginEnable(PluginView):
    @extend_schema(request=None, responses=PluginOutput)
    def post(self, request: Request, name: str) -> Response:
        """Let the plugin run. 409 with the reason where it cannot."""
        enable_plugin(name)
        return shown(name)


class PluginDisable(PluginView):
    conflicts: ClassVar[bool] = False

    @extend_schema(request=None, responses=PluginOutput)
    def post(self, request: Request, name: str) -> Response:
        """Stop telling the plugin anything."""
        disable_plugin(name)
        return shown(name)
