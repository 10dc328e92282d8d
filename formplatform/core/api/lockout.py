"""Guessing passwords: how often an address may try, and what it hears when it tried too often.

Tries on one username from one address are counted by django-axes. An address that goes through
many usernames is stopped here, before any password is looked at.
"""

from collections.abc import Callable, Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from formplatform.core.addresses import client_network
from formplatform.core.rate_limits import Limit, limiter

from .exceptions import CONTENT_TYPE, problem

TOO_MANY = 429
PAGE = "text/html"
LOGINS = ("admin:login", "rest_framework:login")
TEMPLATE = "formplatform/locked_out.html"


class LoginLimit:
    """Middleware: an address may send so many sign-ins in so much time, whatever comes of them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        """Counted once the view is known, so that no other request pays for it."""
        match, rate = request.resolver_match, settings.THROTTLE_RATES["login"]
        if rate is None or match is None or request.method != "POST":
            return None
        if match.view_name not in LOGINS:
            return None
        wait = limiter.take("login", client_network(request), Limit(*rate))
        return refusal(request, wait) if wait else None


def locked_out(
    request: HttpRequest,
    _response: HttpResponse | None = None,
    _credentials: Mapping[str, object] | None = None,
) -> HttpResponse:
    """What django-axes answers once a username was tried too often from one address."""
    return refusal(request, int(settings.AXES_COOLOFF_TIME.total_seconds()))


def refusal(request: HttpRequest, seconds: int) -> HttpResponse:
    """A page for browsers, a problem document for programs; both say how long to wait."""
    headers = {"Retry-After": str(seconds)}
    if _wants_page(request):
        minutes = -(-seconds // 60)
        page = render_to_string(TEMPLATE, {"minutes": minutes}, request)
        return HttpResponse(page, status=TOO_MANY, headers=headers)
    body = problem(TOO_MANY, "locked_out", "Too many sign-ins were tried: wait, then try again.")
    return JsonResponse(body, status=TOO_MANY, content_type=CONTENT_TYPE, headers=headers)


def _wants_page(request: HttpRequest) -> bool:
    """Who takes anything gets a problem document below /api/, a page elsewhere."""
    kinds = [PAGE, "application/json", CONTENT_TYPE]
    if request.path.startswith("/api/"):
        kinds.reverse()
    return request.get_preferred_type(kinds) == PAGE
