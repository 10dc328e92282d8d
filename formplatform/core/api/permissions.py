"""Default deny: somebody known, and with a key also the view's scope."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from .authentication import actor_of


class ScopedPermission(BasePermission):
    """A view names `read_scope` and `write_scope`; without them only a session may pass."""

    message = "Sign in, or use an API key with the scope this needs."

    def has_permission(self, request: Request, view: Any) -> bool:
        actor = actor_of(request)
        if actor.is_anonymous:
            return False
        kind = "read_scope" if request.method in SAFE_METHODS else "write_scope"
        scope = getattr(view, kind, None)
        return actor.scopes is None or (scope is not None and actor.has_scope(scope))


class KnownPermission(BasePermission):
    """Anybody who signed in, with any key: for what shows nothing of anybody's."""

    message = "Sign in, or use an API key."

    def has_permission(self, request: Request, view: Any) -> bool:
        return not actor_of(request).is_anonymous


class StaffPermission(ScopedPermission):
    """Staff only; a key needs the scope too."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return actor_of(request).is_staff and super().has_permission(request, view)


class OpenPermission(BasePermission):
    """Anybody: the domain decides (submitting to a public form)."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return True
