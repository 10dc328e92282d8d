"""Whose address it is behind proxies we trust."""

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse


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
    address: str = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    for candidate in reversed([part.strip() for part in forwarded]):
        if not _is_trusted(address) or not _is_address(candidate):
            break
        address = candidate
    return address


def _is_trusted(address: str) -> bool:
    return _is_address(address) and any(
        ip_address(address) in network for network in settings.TRUSTED_PROXY_NETWORKS
    )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
