"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "formplatform.settings.local")

application = get_wsgi_application()

from formplatform.startup import check_stores  # noqa: E402 - needs the apps loaded

check_stores()
