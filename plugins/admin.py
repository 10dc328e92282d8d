"""Plugins in the admin: what they are, whether they run, what became of their calls."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from formplatform.core.admin_theme import Colour, ModelAdmin, action, display, register
from formplatform.core.errors import PlatformError
from formplatform.core.features import Feature, is_enabled
from formplatform.core.figures import Figure, register_figure

from .loader import find_plugins
from .models import Plugin
from .overview import PluginOverview, overview_of
from .registry import disable_plugin, enable_plugin, list_plugins

TRUST_COLOURS = {
    "bundled": Colour.GOOD,
    "vouched": Colour.WARNING,
    "refused": Colour.BAD,
    "gone": Colour.QUIET,
}


class PluginAdmin(ModelAdmin[Plugin]):
    """Settings are changed over the API, which checks them against the plugin's schema."""

    list_display = (
        "name",
        "title",
        "version",
        "trust",
        "enabled",
        "calls",
        "last_called_at",
        "state",
    )
    list_filter = ("enabled",)
    actions = ("enable", "disable")
    readonly_fields = (
        *("name", "title", "version", "description", "hooks", "permissions", "trust", "enabled"),
        *("settings", "calls", "last_called_at", "failures", "state", "last_error_at"),
    )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        list_plugins()  # those that are new on disk get their row
        return super().changelist_view(request, extra_context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Plugin | None = None) -> bool:
        """Switching is an action of the list; the page of one plugin is for reading."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(
        self,
        request: HttpRequest,
        obj: Plugin | None = None,
    ) -> bool:
        return False

    @display(description="title")
    def title(self, plugin: Plugin) -> str:
        return _overview(plugin).title

    @display(description="version")
    def version(self, plugin: Plugin) -> str:
        return _overview(plugin).version

    @display(description="description")
    def description(self, plugin: Plugin) -> str:
        return _overview(plugin).description

    @display(description="hooks")
    def hooks(self, plugin: Plugin) -> str:
        return ", ".join(_overview(plugin).hooks)

    @display(description="permissions")
    def permissions(self, plugin: Plugin) -> str:
        return ", ".join(_overview(plugin).permissions) or "none"

    @display(description="trust", colours=TRUST_COLOURS)
    def trust(self, plugin: Plugin) -> str:
        return str(_overview(plugin).trust or "gone")

    @display(description="state")
    def state(self, plugin: Plugin) -> str:
        return _overview(plugin).problem or plugin.last_error[:200] or "ready"

    @action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Plugin]) -> None:
        self._switch(request, queryset, enable_plugin)

    @action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Plugin]) -> None:
        self._switch(request, queryset, disable_plugin)

    def _switch(
        self, request: HttpRequest, queryset: QuerySet[Plugin], switch: Callable[[str], None]
    ) -> None:
        for plugin in queryset:
            try:
                switch(plugin.name)
            except PlatformError as error:
                self.message_user(request, f"{plugin.name}: {error.message}", messages.ERROR)
            else:
                self.message_user(request, f"{plugin.name}: done.", messages.SUCCESS)


def _overview(plugin: Plugin) -> PluginOverview:
    return overview_of(plugin, find_plugins().get(plugin.name))


if is_enabled(Feature.PLUGINS):
    register(Plugin)(PluginAdmin)
    register_figure(
        Figure(
            label="Plugins running",
            count=lambda: Plugin.objects.filter(enabled=True).count(),
            page="admin:plugins_plugin_changelist",
            query="enabled__exact=1",
            permission="plugins.view_plugin",
        )
    )
