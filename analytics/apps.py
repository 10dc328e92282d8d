"""The Django app."""

from importlib import import_module

from django.apps import AppConfig

from formplatform.core.features import Feature, is_enabled


class AnalyticsConfig(AppConfig):
    name = "analytics"
    label = "analytics"

    def ready(self) -> None:
        if is_enabled(Feature.ANALYTICS):
            import_module("analytics.subscribers")
