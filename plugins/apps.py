"""The Django app."""

from django.apps import AppConfig

from formplatform.core.features import Feature, is_enabled


class PluginsConfig(AppConfig):
    name = "plugins"
    label = "plugins"

    def ready(self) -> None:
        if is_enabled(Feature.PLUGINS):
            from . import checks, subscribers  # noqa: F401 - registered by being imported
