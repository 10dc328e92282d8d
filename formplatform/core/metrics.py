"""What Prometheus is told of requests and tasks, by every process of this machine.

Requests carry the names of django-prometheus, so that dashboards made for it work.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django_prometheus.middleware import Metrics
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

REQUESTS = "django_http_responses_total_by_status_view_method"
REQUEST_SECONDS = "django_http_requests_latency_seconds_by_view_method"
TASK_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0)

logger = logging.getLogger(__name__)


class _State(Collector):
    """What is read from stores when Prometheus asks; a store that is down costs its part only."""

    def __init__(self) -> None:
        self.readers: dict[str, Callable[[], Iterable[Metric]]] = {}

    def collect(self) -> Iterable[Metric]:
        readable = GaugeMetricFamily(
            "formplatform_state_readable", "Whether a part could be read.", labels=["part"]
        )
        for part, read in self.readers.items():
            try:
                yield from list(read())
            except Exception as error:  # noqa: BLE001 - whatever it is, the other metrics are shown
                logger.warning("metrics cannot be read", extra={"error": error})
                readable.add_metric([part], 0)
            else:
                readable.add_metric([part], 1)
        yield readable


_state = _State()
_stored = CollectorRegistry(auto_describe=False)


class RequestMetrics(Metrics):  # type: ignore[misc]  # the library has no types
    """The two families of django-prometheus that we fill; the rest would stay at zero."""

    def register_metric(self, metric_cls: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        wanted = name in {REQUESTS, REQUEST_SECONDS}
        return super().register_metric(metric_cls, name, *args, **kwargs) if wanted else None


_requests = RequestMetrics()
_tasks = Counter("formplatform_tasks_total", "Background tasks run.", ["task", "state"])
_task_seconds = Histogram(
    "formplatform_task_seconds", "How long a task took.", ["task"], buckets=TASK_BUCKETS
)


def count_request(method: str, *, view: str, status: int, seconds: float) -> None:
    _requests.responses_by_status_view_method.labels(status, view, method).inc()
    _requests.requests_latency_by_view_method.labels(view, method).observe(seconds)


def count_task(name: str, *, state: str, seconds: float) -> None:
    _tasks.labels(name, state).inc()
    _task_seconds.labels(name).observe(seconds)


def register_state(part: str, read: Callable[[], Iterable[Metric]]) -> None:
    """Show what stores know: every web process says the same, so queries take the maximum.

    Args:
        part: names it where it cannot be read.
        read: a few cheap questions; may raise.
    """
    if not _state.readers:
        _stored.register(_state)
    _state.readers[part] = read


def show_state() -> bytes:
    """What was registered, as Prometheus reads it. Never raises."""
    return generate_latest(_stored)


def serve_worker_metrics() -> None:
    """A worker has no web server: a small one for Prometheus, where a port is given."""
    if settings.WORKER_METRICS_PORT:
        start_http_server(settings.WORKER_METRICS_PORT, registry=_registry())


def _registry() -> CollectorRegistry:
    """What this process counts, or what all do that share a directory."""
    if not settings.PROMETHEUS_MULTIPROC_DIR:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's own gap
    return registry
