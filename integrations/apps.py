"""The Django app."""

from django.apps import AppConfig

from formplatform.core.features import Feature, is_enabled


class IntegrationsConfig(AppConfig):
    name = "integrations"
    label = "integrations"

    def ready(self) -> None:
        if is_enabled(Feature.WEBHOOKS):
            from .webhooks import metrics, subscribers, tasks  # noqa: F401 - registered so
