"""What Prometheus is told of requests and tasks, by every process of this machine."""

from django.conf import settings
from django.http import HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TASK_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0)

_requests = Counter(
    "formplatform_requests_total", "Requests answered.", ["method", "route", "status"]
)
_request_seconds = Histogram(
    "formplatform_request_seconds", "How long an answer took.", ["route"], buckets=REQUEST_BUCKETS
)
_tasks = Counter("formplatform_tasks_total", "Background tasks run.", ["task", "state"])
_task_seconds = Histogram(
    "formplatform_task_seconds", "How long a task took.", ["task"], buckets=TASK_BUCKETS
)


def count_request(method: str, *, route: str, status: int, seconds: float) -> None:
    _requests.labels(method, route, status).inc()
    _request_seconds.labels(route).observe(seconds)


def count_task(name: str, *, state: str, seconds: float) -> None:
    _tasks.labels(name, state).inc()
    _task_seconds.labels(name).observe(seconds)


def exposition() -> HttpResponse:
    """Everything counted so far."""
    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


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
