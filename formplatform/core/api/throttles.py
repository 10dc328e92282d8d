"""How often one key, one person or one address may call."""

from typing import Any

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from formplatform.core.addresses import network_of
from formplatform.core.rate_limits import Limit, limiter

from .authentication import actor_of


class CallerThrottle(BaseThrottle):
    """Counts per API key, else per person, else per address.

    A view names its `throttle_scope`; without one it is `read` or `write` by the method. The rates
    stand in the setting THROTTLE_RATES as (permits, seconds), None for no limit.
    """

    def __init__(self) -> None:
        self._wait = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        default = "read" if request.method in SAFE_METHODS else "write"
        scope = getattr(view, "throttle_scope", None) or default
        rate = settings.THROTTLE_RATES[scope]
        if rate is None:
            return True
        self._wait = limiter.take(scope, _who(request), Limit(*rate))
        return self._wait == 0

    def wait(self) -> float:
        return float(self._wait)


def _who(request: Request) -> str:
    actor = actor_of(request)
    if actor.key_id is not None:
        return f"key-{actor.key_id}"
    if actor.user_id is not None:
        return f"user-{actor.user_id}"
    return f"address-{network_of(actor.address)}"
