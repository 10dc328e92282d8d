"""Feature flags: what the platform does at all. Read through `formplatform.core.features`."""

from . import env

FEATURES = {
    "ENABLE_ANALYTICS": env.boolean("ENABLE_ANALYTICS", default=True),
    "ENABLE_WEBHOOKS_V2": env.boolean("ENABLE_WEBHOOKS_V2", default=True),
    "ENABLE_PLUGINS": env.boolean("ENABLE_PLUGINS", default=True),
    "ENABLE_PDF_REPORTS": env.boolean("ENABLE_PDF_REPORTS", default=True),
    "ANALYTICS_ENABLE_ML": env.boolean("ANALYTICS_ENABLE_ML", default=True),
}
