"""REST framework and OpenAPI."""

from formplatform.core.version import VERSION

from . import env

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "formplatform.core.api.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["formplatform.core.api.permissions.ScopedPermission"],
    "DEFAULT_PARSER_CLASSES": ["formplatform.core.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": [
        "formplatform.core.api.rendering.FastJSONRenderer",
        "rest_framework.renderers.BrowsableAPIRenderer",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "formplatform.core.api.rendering.PlainNegotiation",
    "DEFAULT_PAGINATION_CLASS": "formplatform.core.api.pagination.BrowsingPagination",
    "DEFAULT_SCHEMA_CLASS": "formplatform.core.api.openapi.PlatformSchema",
    "DEFAULT_THROTTLE_CLASSES": ["formplatform.core.api.throttles.CallerThrottle"],
    "EXCEPTION_HANDLER": "formplatform.core.api.exceptions.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
THROTTLE_RATES = {
    "submit": env.rate("THROTTLE_SUBMIT", "60000/minute"),
    "submit_anonymous": env.rate("THROTTLE_SUBMIT_ANONYMOUS", "600/minute"),
    "read": env.rate("THROTTLE_READ", "3000/minute"),
    "write": env.rate("THROTTLE_WRITE", "600/minute"),
    "login": env.rate("THROTTLE_LOGIN", "30/minute"),
    "failed_authentication": env.rate("THROTTLE_FAILED_AUTHENTICATION", "60/minute"),
}
"""Per key, person or address: (permits, seconds), or None for no limit. The last two are per
address: sign-ins, and requests with an API key that is not valid.
"""

SPECTACULAR_SETTINGS = {
    "TITLE": "formplatform",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v2",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "formplatform.core.api.openapi.add_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "FormState": "formplatform.forms.domain.FORM_STATES",
        "WebhookStatus": "integrations.webhooks.models.Webhook.Status",
        "WebhookHealth": "integrations.webhooks.explaining.health.STATES",
        "DeliveryStatus": "integrations.webhooks.models.Delivery.Status",
    },
}

PLUGIN_ENABLE_SANDBOXING = env.boolean("PLUGIN_ENABLE_SANDBOXING", default=True)
SENDGRID_API_KEY = env.secret("SENDGRID_API_KEY", None)
AWS_S3_BUCKET = env.text("AWS_S3_BUCKET", None)
GOOGLE_OAUTH_CLIENT_ID = env.text("GOOGLE_OAUTH_CLIENT_ID", None)
SALESFORCE_CONSUMER_KEY = env.secret("SALESFORCE_CONSUMER_KEY", None)
