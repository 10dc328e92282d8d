"""The app's admin; each sub-package keeps its own."""

from formplatform.core.features import Feature, is_enabled

if is_enabled(Feature.WEBHOOKS):
    from .webhooks import admin  # noqa: F401 - registered by being imported
