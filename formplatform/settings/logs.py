"""Logs and metrics. Lines for people, JSON in production; `core/logs.py` says what may be shown."""

from pathlib import Path

from . import env

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", options=("DEBUG", "INFO", "WARNING", "ERROR"))
LOG_FORMAT = env.choice("LOG_FORMAT", "line", options=("line", "json"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "formplatform.core.logs.LineFormatter"},
        "json": {"()": "formplatform.core.logs.JsonLineFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "loggers": {
        "urllib3": {"level": "ERROR"},  # below, it writes paths, and paths hold tokens
        "django.request": {"level": "ERROR"},  # below, it repeats what RequestLog says
        "celery.app.trace": {"level": "WARNING"},  # below, every task that went well
        "celery.beat": {"level": "WARNING"},  # below, every message it sends
        "celery.worker.strategy": {"level": "WARNING"},
        "weasyprint": {"level": "WARNING"},
        "weasyprint.progress": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}

PROMETHEUS_LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds; django-prometheus reads it. Its own begin at 10 ms, slower than most answers here."""

# Where the processes of one machine add up what they count; unset, each keeps to itself.
PROMETHEUS_MULTIPROC_DIR = env.text("PROMETHEUS_MULTIPROC_DIR", None)
if PROMETHEUS_MULTIPROC_DIR:
    env.make_directory(Path(PROMETHEUS_MULTIPROC_DIR), name="PROMETHEUS_MULTIPROC_DIR")
WORKER_METRICS_PORT = env.integer("WORKER_METRICS_PORT", 0, maximum=65535)
