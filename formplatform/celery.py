"""The Celery application."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "formplatform.settings.local")

app = Celery("formplatform")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["integrations.webhooks", "reporting.scheduler"])


@app.on_after_finalize.connect
def watch_starts(**_: object) -> None:
    """Registers what workers and beat do when they start."""
    from formplatform import startup  # noqa: F401 - registers
