"""What reaches a log: constant messages, ids and counts. Never what people answered.

Everything passes an allow-list. An `extra` whose key is not in `SHOWN` is left out, and of an error
that is not ours only the type is written: databases quote the rows they refuse.
"""

import logging
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TypeAlias

from pythonjsonlogger.json import JsonFormatter
from redis.exceptions import ConnectionError as RedisConnectionError

from .errors import PlatformError

ErrorInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)

request_id: ContextVar[str] = ContextVar("request_id", default="")
task_id: ContextVar[str] = ContextVar("task_id", default="")

SHOWN = frozenset(
    {
        "days", "deleted_forms", "delivery", "duration_ms", "error", "event", "events", "failures",
        "folder", "form_id", "keys", "method", "plugin", "reason", "report_id", "route", "status",
        "subscriber", "task", "webhook",
    }
)  # fmt: skip
SAFE_ERRORS = (PlatformError, OSError, ImportError, AttributeError, RedisConnectionError)
"""Their messages speak of the program and of places, not of what people sent."""


def describe(error: BaseException) -> str:
    """An error as a log may show it."""
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, SAFE_ERRORS) else name


def describe_trace(error: BaseException) -> str:
    """Where an error came from, and why, without the values that were in hand."""
    parts = []
    current: BaseException | None = error
    while current is not None:
        lines = traceback.format_list(traceback.extract_tb(current.__traceback__))
        parts.append("".join([*lines, describe(current)]))
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)
    return "\ncaused ".join(reversed(parts))


def shown_fields(record: logging.LogRecord) -> dict[str, object]:
    """The context and the allowed extras of a record."""
    context = {"request_id": request_id.get(), "task_id": task_id.get()}
    found: dict[str, object] = {name: value for name, value in context.items() if value}
    for name in sorted(SHOWN & record.__dict__.keys()):
        value = record.__dict__[name]
        found[name] = describe(value) if isinstance(value, BaseException) else value
    return found


def message_of(record: logging.LogRecord) -> str:
    """Celery writes a task's error into its message: only the type may stay there."""
    if record.name == "celery.app.trace" and isinstance(record.args, Mapping):
        error = record.exc_info[1] if record.exc_info else None
        said = describe(error) if error is not None else ""
        hidden = {"exc": said, "traceback": "", "args": "", "kwargs": ""}
        return str(record.msg) % {**record.args, **hidden}
    return record.getMessage()


class LineFormatter(logging.Formatter):
    """For people: ``time LEVEL name message key=value …``."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S.%f")[:-3]
        pairs = [f"{name}={value}" for name, value in shown_fields(record).items()]
        words = [moment, record.levelname, record.name, message_of(record).strip(), *pairs]
        trace = _trace_of(record)
        return " ".join(words) + (f"\n{trace}" if trace else "")


class JsonLineFormatter(JsonFormatter):
    """For machines: one JSON object a line."""

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],  # noqa: ARG002 - the library's signature
    ) -> None:
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat()
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data["message"] = message_of(record).strip()
        log_data.update(shown_fields(record))
        if trace := _trace_of(record):
            log_data["trace"] = trace

    def formatException(self, ei: ErrorInfo) -> str:  # noqa: N802 - logging's name
        return describe_trace(ei[1]) if ei[1] is not None else ""


def _trace_of(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    return "" if error is None else describe_trace(error)
