"""Reports: where they are kept, for how long, and how long making one may take."""

from . import env

REPORT_MAX_FILE_SIZE = env.integer("REPORT_MAX_FILE_SIZE", 10 * 1024 * 1024)
REPORT_RETENTION_DAYS = env.integer("REPORT_RETENTION_DAYS", 90, minimum=1)

REPORT_LEASE_SECONDS = 300
"""How long a run belongs to its worker: after that the worker is taken for dead."""
REPORT_TIME_LIMIT_SECONDS = 240
"""Celery kills the task before its lease ends, so that two workers never write one report."""
REPORT_SWEEP_SECONDS = 20
"""How often beat looks for schedules that are due and runs that were left behind."""
