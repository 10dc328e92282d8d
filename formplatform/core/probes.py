"""What machines ask: `/healthz`, `/readyz`, `/metrics`.

A middleware before all others: an orchestrator asks by address and without TLS, which the checks
of hosts and of HTTPS would refuse.
"""

from collections.abc import Callable
from ipaddress import ip_address

from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django_prometheus.exports import ExportToDjangoView

from .health import Finding, check_readiness
from .heartbeats import Role
from .metrics import show_state

Answer = Callable[[HttpRequest], HttpResponse]


class Probes:
    """Middleware that answers probes itself and passes everything else on."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self.answers: dict[str, Answer] = {
            "/healthz": answer_healthz,
            "/readyz": answer_readyz,
            "/metrics": answer_metrics,
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.answers.get(request.path_info, self.get_response)
        return answer(request)


def answer_healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


def answer_readyz(request: HttpRequest) -> HttpResponse:
    """Every dependency of `?role=web|worker|beat`: 503 where one that it needs is down."""
    wanted = request.GET.get("role", Role.WEB)
    if wanted not in set(Role):
        return JsonResponse({"status": "error", "error": "role: web, worker or beat"}, status=400)
    findings = check_readiness(Role(wanted))
    ready = all(finding.up for finding in findings if finding.needed)
    body = {
        "status": _status(findings, ready=ready),
        "role": wanted,
        "checks": {finding.name: finding.to_json() for finding in findings},
    }
    return JsonResponse(body, status=200 if ready else 503)


def _status(findings: list[Finding], *, ready: bool) -> str:
    if not ready:
        return "not ready"
    return "ready" if all(finding.up for finding in findings) else "degraded"


def answer_metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus: to neighbours that ask directly, never through a proxy."""
    address = ip_address(request.META.get("REMOTE_ADDR") or "0.0.0.0")  # noqa: S104 - no bind
    if not address.is_private or "HTTP_X_FORWARDED_FOR" in request.META:
        return HttpResponseNotFound()
    exposition: HttpResponse = ExportToDjangoView(request)
    exposition.content += show_state()
    return exposition
