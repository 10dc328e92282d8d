"""The content security policy: what a page of ours may load and run.

Everything comes from this site. The admin's theme evaluates expressions in its attributes and
needs more; that stays below /admin/. Pages below /forms/ are all our own and need less.
"""

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse

HEADER = "Content-Security-Policy"
PLAIN: Mapping[str, str] = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
ADMIN = {**PLAIN, "script-src": "'self' 'unsafe-inline' 'unsafe-eval'", "frame-ancestors": "'self'"}
OURS = {**PLAIN, "style-src": "'self'"}
BELOW = {"/admin/": ADMIN, "/forms/": OURS}


def policy_of(path: str) -> str:
    directives = next((BELOW[place] for place in BELOW if path.startswith(place)), PLAIN)
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


class ContentSecurityPolicy:
    """Middleware: sets the policy on every answer that has none of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(HEADER, policy_of(request.path))
        return response
