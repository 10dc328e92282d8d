"""One line and one count per request, under an id that follows it into the queue."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from . import metrics
from .logs import request_id

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")
"""What we take over from a proxy; anything else is replaced."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestLog:
    """Middleware: names the request, then notes the route, the status and the time it took.

    The route, never the path's query: a line holds no answers and no tokens.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        name = given if ACCEPTABLE.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(name)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            self._note(request, response, seconds=time.perf_counter() - started)
        finally:
            request_id.reset(token)
        response[HEADER] = name
        return response

    def _note(self, request: HttpRequest, response: HttpResponse, *, seconds: float) -> None:
        match = request.resolver_match
        route = match.route if match is not None else "unmatched"
        method = request.method if request.method in METHODS else "other"
        status = response.status_code
        view = (match.view_name if match is not None else "") or "<unnamed view>"
        metrics.count_request(method, view=view, status=status, seconds=seconds)
        facts = {"method": method, "route": route, "status": status}
        logger.log(
            logging.WARNING if status >= 500 else logging.INFO,  # noqa: PLR2004 - HTTP's own
            "request",
            extra={**facts, "duration_ms": round(seconds * 1000, 1)},
        )
