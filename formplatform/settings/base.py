"""What every deployment shares: apps, middleware, templates, security."""

import secrets as random
from datetime import timedelta

from . import env
from .admin import *
from .api import *
from .features import *
from .live import *
from .logs import *
from .mail import *
from .outbound import *
from .paths import *
from .queues import *
from .reports import *
from .stores import *


def _kept_secret_key() -> str:
    """Outside production: a random key, made once and kept beside the data."""
    file = DATA_DIRECTORY / "secret_key"
    if not file.exists():
        env.make_directory(file.parent, name="DATA_DIRECTORY")
        fresh = file.with_name(f"secret_key.{random.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(random.token_urlsafe(50), encoding="utf-8")
        try:
            file.hardlink_to(fresh)  # the first process wins, whole or not at all
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_text(encoding="utf-8")


SECRET_KEY = env.secret("SECRET_KEY", None) or _kept_secret_key()
DEBUG = False
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")
TRUSTED_PROXY_NETWORKS = env.networks("TRUSTED_PROXY_NETWORKS")
"""Proxies whose X-Forwarded-For is believed."""

INSTALLED_APPS = [
    *ADMIN_THEME_APPS,
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_prometheus",
    "axes",
    "formplatform.core",
    "formplatform.demo",
    "caching",
    "formplatform.forms",
    "analytics",
    "integrations",
    "plugins",
    "reporting",
]
MIDDLEWARE = [
    "formplatform.core.probes.Probes",
    "formplatform.core.request_log.RequestLog",
    "formplatform.core.proxies.TrustedProxies",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "formplatform.core.api.lockout.LoginLimit",  # a sign-in counts whatever else is wrong with it
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "formplatform.core.security_headers.ContentSecurityPolicy",
    "axes.middleware.AxesMiddleware",
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "formplatform.core.addresses.client_network"
AXES_LOCKOUT_CALLABLE = "formplatform.core.api.lockout.locked_out"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

ROOT_URLCONF = "formplatform.urls"
WSGI_APPLICATION = "formplatform.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "formplatform" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "formplatform" / "static"]
STATIC_ROOT = env.path("STATIC_ROOT", DATA_DIRECTORY / "static")
LOGIN_URL = "/api/v2/login/"
LOGIN_REDIRECT_URL = "/api/v2/docs/"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

OUTBOX_INLINE = False
"""Dispatch events inside the request instead of through the broker (tests)."""

env.refuse_unknown(
    "DJANGO_SETTINGS_MODULE", "LOG_FORMAT", "DEBUG", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS"
)
