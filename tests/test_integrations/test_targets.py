"""Hostile URLs and addresses: everything that could lead inside is refused."""

import pytest

from integrations import http
from integrations.errors import RefusedTargetError
from integrations.outbound.targets import parse_target
from tests.fakes.receiver import Receiver

REFUSED = {
    # Not a URL we send to
    "": "malformed_url",
    "example.com/hook": "scheme",
    "//example.com/hook": "scheme",
    "ftp://example.com/hook": "scheme",
    "file:///etc/passwd": "scheme",
    "gopher://example.com:6379/_FLUSHALL": "scheme",
    "javascript:alert(1)": "scheme",
    "data:text/plain,hello": "scheme",
    "unix:/var/run/docker.sock": "scheme",
    "https://": "host",
    "https:///hook": "host",
    "https://example.com:/hook": "malformed_url",
    "https://example.com:http/hook": "malformed_url",
    "https://example.com:99999/hook": "malformed_url",
    "https://example.com:-1/hook": "malformed_url",
    "https://example.com/hook#part": "malformed_url",
    "https://example.com/a b": "malformed_url",
    " https://example.com/hook": "malformed_url",
    "https://example.com/hook\r\nX-Injected: 1": "malformed_url",
    "https://example.com/\t": "malformed_url",
    "https://exam\x00ple.com/": "malformed_url",
    "https://example.com/" + "a" * 2048: "malformed_url",
    # Two readings
    "https://example.com\\@127.0.0.1/": "malformed_url",
    "https:\\\\127.0.0.1\\": "malformed_url",
    "https://example.com@127.0.0.1/": "userinfo",
    "https://user:password@example.com/": "userinfo",
    "https://127.0.0.1:80@example.com/": "userinfo",
    "https://@example.com/": "userinfo",
    # Hosts that are no host names
    "https://exa%6dple.com/": "host",
    "https://%31%32%37.0.0.1/": "host",
    "https://-example.com/": "host",
    "https://example..com/": "host",
    "https://.example.com/": "host",
    "https://" + "a" * 64 + ".com/": "host",
    "https://" + "a." * 130 + "com/": "host",
    "https://ex*mple.com/": "host",
    "https://example.com,127.0.0.1/": "host",
    # Unicode that other parsers fold into ASCII
    "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/": "malformed_url",
    "https://127。0。0。1/": "malformed_url",
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/": "malformed_url",
    "https://①②⑦.⓪.⓪.①/": "malformed_url",
    "https://exämple.com/": "malformed_url",
    "https://example.com\u200b/": "malformed_url",
    # IPv4 in every spelling
    "http://127.0.0.1/": "private_address",
    "http://127.0.0.1./": "private_address",
    "http://127.1/": "host",
    "http://127.0.1/": "host",
    "http://2130706433/": "host",
    "http://0x7f000001/": "host",
    "http://0x7f.0.0.1/": "host",
    "http://0177.0.0.1/": "host",
    "http://127.0.0.0x1/": "host",
    "http://0/": "host",
    "http://256.1.1.1/": "host",
    "http://1.1.1.1.1/": "host",
    "http://0.0.0.0/": "private_address",
    "http://10.1.2.3/": "private_address",
    "http://100.64.0.1/": "private_address",
    "http://169.254.169.254/latest/meta-data/": "private_address",
    "http://172.31.255.255/": "private_address",
    "http://192.0.0.192/": "private_address",
    "http://192.0.2.1/": "private_address",
    "http://192.88.99.1/": "private_address",
    "http://192.168.1.1/": "private_address",
    "http://198.19.0.1/": "private_address",
    "http://224.0.0.1/": "private_address",
    "http://255.255.255.255/": "private_address",
    # IPv6, transition forms included
    "http://[::1]/": "private_address",
    "http://[::]/": "private_address",
    "http://[::127.0.0.1]/": "private_address",
    "http://[::ffff:127.0.0.1]/": "private_address",
    "http://[::ffff:7f00:1]/": "private_address",
    "http://[::ffff:169.254.169.254]/": "private_address",
    "http://[::ffff:0:127.0.0.1]/": "private_address",
    "http://[64:ff9b::7f00:1]/": "private_address",
    "http://[64:ff9b:1::a00:1]/": "private_address",
    "http://[2002:7f00:1::]/": "private_address",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/": "private_address",
    "http://[2001:db8::1]/": "private_address",
    "http://[3fff::1]/": "private_address",
    "http://[5f00::1]/": "private_address",
    "http://[100::1]/": "private_address",
    "http://[fc00::1]/": "private_address",
    "http://[fd12:3456::1]/": "private_address",
    "http://[fe80::1]/": "private_address",
    "http://[fec0::1]/": "private_address",
    "http://[ff02::1]/": "private_address",
    "http://[fe80::1%25eth0]/": "host",
    "http://[v1.fe80::a+en1]/": "host",
    "http://[127.0.0.1]/": "host",
    "http://::1/": "malformed_url",
    # Ports of other services
    "http://example.com:22/": "port",
    "http://example.com:25/": "port",
    "http://example.com:6379/": "port",
    "http://example.com:11211/": "port",
    "http://example.com:0/": "port",
    "http://8.8.8.8:53/": "port",
}

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

HOSTILE_ANSWERS = {
    "loopback": ["127.0.0.1"],
    "mapped loopback": ["::ffff:127.0.0.1"],
    "cloud metadata": ["169.254.169.254"],
    "a private network": ["10.0.0.5"],
    "one public, one private": ["8.8.8.8", "10.0.0.5"],
    "the same the other way round": ["10.0.0.5", "8.8.8.8"],
    "NAT64": ["64:ff9b::7f00:1"],
    "6to4": ["2002:7f00:1::"],
    "unspecified": ["0.0.0.0"],
}


@pytest.mark.parametrize(("url", "reason"), REFUSED.items(), ids=ascii)
def test_a_hostile_url_is_refused_before_anything_is_resolved(names, url, reason):
    with pytest.raises(RefusedTargetError) as refusal:
        http.send("POST", url, timeout_seconds=2)
    assert refusal.value.reason == reason
    assert refusal.value.transient is False


@pytest.mark.parametrize(("url", "expected"), ACCEPTED.items())
def test_an_ordinary_url_is_read_as_it_was_meant(url, expected):
    target = parse_target(url)
    assert (target.scheme, target.host, target.port, target.path) == expected


@pytest.mark.parametrize("addresses", HOSTILE_ANSWERS.values(), ids=HOSTILE_ANSWERS)
def test_a_name_that_leads_inside_is_refused(names, addresses):
    names["inside.example"] = addresses
    with pytest.raises(RefusedTargetError) as refusal:
        http.send("POST", "http://inside.example/", timeout_seconds=2)
    assert refusal.value.reason == "private_address"
    assert not any(address in refusal.value.message for address in addresses)


def test_a_name_is_resolved_once_so_a_second_answer_changes_nothing(names, loopback):
    """Rebinding: the first answer is fine, every later one leads elsewhere."""
    answers = iter([["127.0.0.1"]])
    asked = []

    def rebind():
        asked.append(1)
        return next(answers, ["127.0.0.2"])

    names["rebinding.example"] = rebind
    with Receiver() as receiver:
        answer = http.send(
            "POST", receiver.url(host="rebinding.example"), body=b"x", timeout_seconds=5
        )
    assert (answer.status, answer.peer, len(asked)) == (200, "127.0.0.1", 1)


def test_an_allowed_network_is_reached_at_any_port(loopback):
    with Receiver() as receiver:
        answer = http.send("POST", receiver.url(), body=b"hello", timeout_seconds=5)
    assert (answer.status, answer.body, answer.complete) == (200, b"ok", True)
    assert [request.body for request in receiver.received] == [b"hello"]


def test_an_allowed_network_does_not_open_the_others(loopback, names):
    names["mixed.example"] = ["127.0.0.1", "10.0.0.1"]
    with Receiver() as receiver, pytest.raises(RefusedTargetError):
        http.send("POST", receiver.url(host="mixed.example"), timeout_seconds=2)
    assert receiver.received == []


def test_a_public_address_keeps_the_port_list_beside_an_allowed_network(loopback, names):
    names["public.example"] = ["8.8.8.8"]
    with pytest.raises(RefusedTargetError) as refusal:
        http.send("POST", "http://public.example:6379/", timeout_seconds=2)
    assert refusal.value.reason == "port"
