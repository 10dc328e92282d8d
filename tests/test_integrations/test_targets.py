"""Which targets are read how, and what a deployment may open and close."""

import pytest

from integrations import http
from integrations.errors import RefusedTargetError
from integrations.outbound.targets import parse_target
from tests.fakes.receiver import Receiver

ACCEPTED = {
    "https://example.com": ("https", "example.com", 443, "/"),
    "https://EXAMPLE.com./Hook?a=1&b": ("https", "example.com", 443, "/Hook?a=1&b"),
    "http://example.com:8080/x": ("http", "example.com", 8080, "/x"),
    "https://my_app.xn--mnchen-3ya.example:8443/": (
        "https",
        "my_app.xn--mnchen-3ya.example",
        8443,
        "/",
    ),
    "http://8.8.8.8/": ("http", "8.8.8.8", 80, "/"),
    "https://[2606:4700:4700::1111]/dns": ("https", "2606:4700:4700::1111", 443, "/dns"),
    "https://[2606:4700:4700:0::1111]:443/": ("https", "2606:4700:4700::1111", 443, "/"),
}


@pytest.mark.parametrize(("url", "expected"), ACCEPTED.items())
def test_an_ordinary_url_is_read_as_it_was_meant(url, expected):
    target = parse_target(url)
    assert (target.scheme, target.host, target.port, target.path) == expected


def test_an_allowed_network_is_reached_at_any_port(loopback):
    with Receiver() as receiver:
        answer = http.send("POST", receiver.url(), body=b"hello", timeout_seconds=30)
    assert (answer.status, answer.body, answer.complete) == (200, b"ok", True)
    assert [request.body for request in receiver.received] == [b"hello"]


def test_an_allowed_network_does_not_open_the_others(loopback, names):
    names["mixed.example"] = ["127.0.0.1", "10.0.0.1"]
    with Receiver() as receiver, pytest.raises(RefusedTargetError):
        http.send("POST", receiver.url(host="mixed.example"), timeout_seconds=30)
    assert receiver.received == []


def test_a_public_address_keeps_the_port_list_beside_an_allowed_network(loopback, names):
    names["public.example"] = ["8.8.8.8"]
    with pytest.raises(RefusedTargetError) as refusal:
        http.send("POST", "http://public.example:6379/", timeout_seconds=30)
    assert refusal.value.reason == "port"
