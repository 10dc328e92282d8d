"""What Prometheus is told of requests and tasks, by every process of this machine.

Requests carry the names of django-prometheus, so that dashboards made for it work.
"""

from typing import Any

from django.conf import settings
from django_prometheus.middleware import Metrics
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = "django_http_responses_total_by_status_view_method"
REQUEST_SECONDS = "django_http_requests_latency_seconds_by_view_method"
TASK_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0)


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
