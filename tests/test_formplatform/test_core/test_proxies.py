from ipaddress import ip_network

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from formplatform.core.proxies import TrustedProxies


@pytest.mark.parametrize(
    ("remote", "forwarded", "seen"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "not an address", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("::ffff:10.0.0.1", "203.0.113.7, ::ffff:10.0.0.2", "203.0.113.7"),
        ("fd00::1", "203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("fd01::1", "203.0.113.7", "fd01::1"),
        ("", "203.0.113.7", "127.0.0.1"),
    ],
)
def test_the_nearest_address_that_is_no_proxy_of_ours_counts(settings, remote, forwarded, seen):
    settings.TRUSTED_PROXY_NETWORKS = (ip_network("10.0.0.0/8"), ip_network("fd00::/64"))
    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)

    TrustedProxies(lambda _: HttpResponse())(request)

    assert request.META["REMOTE_ADDR"] == seen


def test_a_proxy_on_a_unix_socket_is_believed_where_this_machine_is_trusted(settings):
    settings.TRUSTED_PROXY_NETWORKS = (ip_network("127.0.0.0/8"),)
    request = RequestFactory().get("/", REMOTE_ADDR="", HTTP_X_FORWARDED_FOR="203.0.113.7")

    TrustedProxies(lambda _: HttpResponse())(request)

    assert request.META["REMOTE_ADDR"] == "203.0.113.7"


def test_without_trusted_proxies_nobody_is_believed(settings):
    settings.TRUSTED_PROXY_NETWORKS = ()
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="1.2.3.4")

    TrustedProxies(lambda _: HttpResponse())(request)

    assert request.META["REMOTE_ADDR"] == "10.0.0.1"
