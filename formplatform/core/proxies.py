"""Whose address it is behind proxies we trust."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from .addresses import find_address

THIS_MACHINE = "127.0.0.1"
"""Who speaks through a unix socket has no address, and sits here."""


class TrustedProxies:
    """Middleware: REMOTE_ADDR becomes the nearest address that is not a proxy of ours.

    Only a request that comes from TRUSTED_PROXY_NETWORKS is believed, and its X-Forwarded-For is
    read from the right: what stands further left was written by strangers.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.TRUSTED_PROXY_NETWORKS:
            request.META["REMOTE_ADDR"] = _client_address(request)
        return self.get_response(request)


def _client_address(request: HttpRequest) -> str:
    address: str = request.META.get("REMOTE_ADDR") or THIS_MACHINE
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    for candidate in reversed([part.strip() for part in forwarded]):
        if not _is_trusted(address) or find_address(candidate) is None:
            break
        address = candidate
    return address


def _is_trusted(text: str) -> bool:
    address = find_address(text)
    return address is not None and any(
        address in network for network in settings.TRUSTED_PROXY_NETWORKS
    )
