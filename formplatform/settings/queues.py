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

_EVERY = {
    "forms.dispatch_stale": timedelta(seconds=15),
    "analytics.compact_columns": timedelta(minutes=10),
    "analytics.verify_numbers": timedelta(minutes=15),
    "analytics.remove_leftovers": timedelta(hours=6),
    "webhooks.deliver_due": timedelta(seconds=3),
    "webhooks.catch_up": timedelta(minutes=1),
    "webhooks.sweep": timedelta(minutes=1),
    "webhooks.send_notices": timedelta(minutes=1),
    "webhooks.watch_endpoints": timedelta(minutes=5),
    "webhooks.prune": timedelta(hours=1),
    "webhooks.reconcile": timedelta(days=1),
    "reporting.sweep_reports": timedelta(seconds=REPORT_SWEEP_SECONDS),
    "reporting.tidy_reports": timedelta(minutes=10),
    "plugins.prune_ledger": timedelta(hours=6),
}
"""How often beat has each task done."""
_KEPT_LONGER = {"forms.dispatch_stale": timedelta(minutes=1)}

# What nobody took until its next turn is not done twice.
CELERY_BEAT_SCHEDULE = {
    task: {
        "task": task,
        "schedule": every,
        "options": {"expires": int(_KEPT_LONGER.get(task, every).total_seconds())},
    }
    for task, every in _EVERY.items()
}
