"""Who is asking: a session of the browser, or an API key."""

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from formplatform.core.actors import Actor
from formplatform.core.addresses import client_network
from formplatform.core.api_keys import find_key
from formplatform.core.models import ApiKey
from formplatform.core.rate_limits import Limit, limiter

KEPT = "_formplatform_actor"


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer fp_…``."""

    def authenticate(self, request: Request) -> "tuple[object, ApiKey] | None":
        token = token_of(request)
        if token is None:
            return None
        key = find_key(token)
        if key is None:
            _limit_failures(request)
            raise AuthenticationFailed("This API key is unknown, expired or revoked.")
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def token_of(request: Request) -> str | None:
    """The API key a request shows, good or not."""
    kind, _, token = get_authorization_header(request).partition(b" ")
    return token.strip().decode("latin-1") if kind.lower() == b"bearer" else None


def _limit_failures(request: Request) -> None:
    """Who sends wrong keys only soon hears less from us. Good keys are never held up by it."""
    rate = settings.THROTTLE_RATES["failed_authentication"]
    if rate is not None:
        wait = limiter.take("failed_authentication", client_network(request), Limit(*rate))
        if wait:
            raise Throttled(wait)


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers
    target_class = "formplatform.core.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "fp_…"}


def actor_of(request: Request) -> Actor:
    """The actor of an authenticated (or anonymous) request, worked out once."""
    kept: Actor | None = request.__dict__.get(KEPT)
    if kept is None:
        kept = request.__dict__[KEPT] = _actor(request)
    return kept


def _actor(request: Request) -> Actor:
    user, key = request.user, request.auth
    known = user.is_authenticated
    narrowed = key if isinstance(key, ApiKey) else None
    return Actor(
        user_id=user.pk if known else None,
        is_staff=bool(known and user.is_staff),
        scopes=frozenset(narrowed.scopes) if narrowed else None,
        form_ids=_form_ids(narrowed),
        key_id=narrowed.pk if narrowed else None,
        address=request.META.get("REMOTE_ADDR"),
    )


def _form_ids(key: ApiKey | None) -> frozenset[str] | None:
    return None if key is None or key.form_ids is None else frozenset(key.form_ids)
