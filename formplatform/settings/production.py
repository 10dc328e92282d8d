"""Production: no default for a secret, HTTPS only."""

from django.core.exceptions import ImproperlyConfigured

from . import env
from .base import *

if env.secret("SECRET_KEY", None) is None:
    raise ImproperlyConfigured("SECRET_KEY (or SECRET_KEY_FILE) must be set in production.")
if not env.items("ALLOWED_HOSTS"):
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts this site answers for.")
if not WEBHOOK_ENCRYPTION_KEYS:
    raise ImproperlyConfigured(
        "WEBHOOK_ENCRYPTION_KEYS (or WEBHOOK_ENCRYPTION_KEYS_FILE) must hold a key in production: "
        "openssl rand -base64 32"
    )

LOGGING["handlers"]["console"]["formatter"] = env.choice(  # type: ignore[index]  # a literal
    "LOG_FORMAT", "json", options=("line", "json")
)
SECURE_SSL_REDIRECT = env.boolean("SECURE_SSL_REDIRECT", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "formplatform.core.static_files.HashedFiles"},
}
