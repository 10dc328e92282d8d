"""Couriers whose long waits are short: leases, breakers and locked databases end in seconds.

``python -m tests.fakes.hurried`` delivers; ``celery -A tests.fakes.hurried worker`` is a worker.
Nothing else differs from a deployment's.
"""

import sys
from datetime import timedelta

import django

django.setup()

from django.conf import settings  # noqa: E402 - after django.setup
from django.core.management import call_command  # noqa: E402

from formplatform.celery import app  # noqa: E402, F401 - what Celery asks for
from integrations.webhooks import courier  # noqa: E402
from integrations.webhooks.queue import breaker, lanes  # noqa: E402

lanes.LEASE_SLACK_SECONDS = 1
breaker.SHORTEST_OPEN = timedelta(seconds=0.2)
breaker.LONGEST_OPEN = timedelta(seconds=1)
courier.RECOVERY_SECONDS = 0.3
if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    settings.DATABASES["default"]["OPTIONS"]["timeout"] = 2

if __name__ == "__main__":
    call_command("deliver_webhooks", stdout=sys.stderr)
