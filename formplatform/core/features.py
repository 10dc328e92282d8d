"""Feature flags: one closed list, asked only at the edges (URLs, subscribers, admin)."""

from enum import StrEnum

from django.conf import settings


class Feature(StrEnum):
    ANALYTICS = "ENABLE_ANALYTICS"
    WEBHOOKS = "ENABLE_WEBHOOKS_V2"
    PLUGINS = "ENABLE_PLUGINS"
    PDF_REPORTS = "ENABLE_PDF_REPORTS"
    MACHINE_LEARNING = "ANALYTICS_ENABLE_ML"


def is_enabled(feature: Feature) -> bool:
    return bool(settings.FEATURES[feature.value])
