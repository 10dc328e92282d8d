"""Mail that the platform sends."""

from django.core.exceptions import ImproperlyConfigured

from . import env

EMAIL_HOST = env.text("EMAIL_HOST", "")
"""Empty: no mail is sent."""
"""Empty: no mail is sent."""
EMAIL_PORT = env.integer("EMAIL_PORT", 587, minimum=1, maximum=env.LARGEST_PORT)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_SSL = env.boolean("EMAIL_USE_SSL", default=False)
EMAIL_USE_TLS = env.boolean("EMAIL_USE_TLS", default=not EMAIL_USE_SSL)
EMAIL_TIMEOUT = 10
"""Seconds; Django's default is to wait for ever."""
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "formplatform@localhost")
if EMAIL_USE_SSL and EMAIL_USE_TLS:
    raise ImproperlyConfigured(
        "EMAIL_USE_SSL and EMAIL_USE_TLS are both on: keep TLS for port 587, SSL for port 465."
    )
