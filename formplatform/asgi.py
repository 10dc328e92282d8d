"""The ASGI application."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "formplatform.settings.local")

application = get_asgi_application()

from formplatform.startup import check_stores  # noqa: E402 - needs the apps loaded

check_stores()
