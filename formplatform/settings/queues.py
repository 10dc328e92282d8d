"""Celery: queues, limits and the beat schedule."""

from datetime import timedelta

from kombu import Queue

from .reports import REPORT_SWEEP_SECONDS

CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TRACK_STARTED = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "default"
IMPORT_QUEUE = "imports"
"""What imported responses cause: the rest does not wait behind a million of them."""
CELERY_TASK_QUEUES = tuple(
    Queue(name, routing_key=name) for name in (CELERY_TASK_DEFAULT_QUEUE, IMPORT_QUEUE)
)
"""What a worker takes messages from that is not told otherwise (-Q), the first one first."""

MAX_COUNTDOWN_SECONDS = 60
"""No task waits longer inside the broker: a longer wait is a row with a due time."""

# A message taken by a worker that died comes back after this long. It must exceed the longest
# countdown, since Redis delivers a message again while it still waits in a worker.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    "socket_connect_timeout": 2,
    "queue_order_strategy": "priority",
}

CELERY_BEAT_SCHEDULE = {
    "forms.dispatch_stale": {
        "task": "forms.dispatch_stale",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 60},
    },
    "analytics.compact_columns": {
        "task": "analytics.compact_columns",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "analytics.verify_numbers": {
        "task": "analytics.verify_numbers",
        "schedule": timedelta(minutes=15),
        "options": {"expires": 900},
    },
    "webhooks.deliver_due": {
        "task": "webhooks.deliver_due",
        "schedule": timedelta(seconds=3),
        "options": {"expires": 3},
    },
    "webhooks.reconcile": {
        "task": "webhooks.reconcile",
        "schedule": timedelta(days=1),
    },
    "webhooks.catch_up": {
        "task": "webhooks.catch_up",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "webhooks.sweep": {
        "task": "webhooks.sweep",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "webhooks.watch_endpoints": {
        "task": "webhooks.watch_endpoints",
        "schedule": timedelta(minutes=5),
        "options": {"expires": 300},
    },
    "webhooks.send_notices": {
        "task": "webhooks.send_notices",
        "schedule": timedelta(seconds=60),
        "options": {"expires": 60},
    },
    "webhooks.prune": {
        "task": "webhooks.prune",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "reporting.sweep_reports": {
        "task": "reporting.sweep_reports",
        "schedule": timedelta(seconds=REPORT_SWEEP_SECONDS),
        "options": {"expires": REPORT_SWEEP_SECONDS},
    },
    "plugins.prune_ledger": {
        "task": "plugins.prune_ledger",
        "schedule": timedelta(hours=6),
    },
    "reporting.tidy_reports": {
        "task": "reporting.tidy_reports",
        "schedule": timedelta(minutes=10),
    },
}
