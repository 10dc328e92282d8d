"""Through an egress proxy: the same guard, and whose failure it was."""

import base64
import socket

import pytest

from formplatform.settings import env
from integrations import http
from integrations.errors import RefusedTargetError, UnreachableError
from tests.fakes.proxy import tunneling
from tests.fakes.receiver import Receiver, Reply
from tests.fakes.wire import Wire

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def through(settings):
    """Sets the proxy all calls go through."""

    def through(wire, credentials=""):
        settings.OUTBOUND_PROXY_URL = f"http://{credentials}127.0.0.1:{wire.port}"
        return wire

    return through


def post(url, **options):
    return http.send("POST", url, body=b"hello", timeout_seconds=5, **options)


def asked(wire):
    return [request.split(b"\r\n")[0] for request in wire.requests]


def test_a_plain_request_is_tunnelled_to_the_address_that_was_vetted(through, names):
    names["hooks.example"] = ["127.0.0.1"]
    with Receiver() as receiver, through(Wire(tunneling())) as proxy:
        for _ in range(2):
            answer = post(receiver.url(host="hooks.example"))
    assert (answer.status, answer.peer) == (200, "127.0.0.1")
    assert asked(proxy) == [f"CONNECT 127.0.0.1:{receiver.port} HTTP/1.1".encode()]
    assert receiver.received[0].headers["host"] == f"hooks.example:{receiver.port}"
    assert "proxy-authorization" not in receiver.received[0].headers
    assert proxy.connections == 1


def test_an_encrypted_request_keeps_the_name_for_the_certificate(
    through, names, authority, settings
):
    settings.OUTBOUND_CA_FILE = str(authority.file)
    names["hooks.example"] = ["127.0.0.1"]
    encryption = authority.serve_as("hooks.example")
    with Receiver(encryption=encryption) as receiver, through(Wire(tunneling())) as proxy:
        answer = post(receiver.url(host="hooks.example"))
        with pytest.raises(UnreachableError) as error:
            post(receiver.url())
    assert (answer.status, error.value.reason) == (200, "tls")
    assert b"hello" not in b"".join(proxy.requests)
    assert set(answer.phases) == {"dns", "connect", "tls", "wait", "body"}
    assert None not in answer.phases.values()


def test_credentials_go_to_the_proxy_and_no_further(through):
    with Receiver() as receiver, through(Wire(tunneling()), "ada:hu%40sh@") as proxy:
        answer = post(receiver.url())
    expected = b"Proxy-Authorization: Basic " + base64.b64encode(b"ada:hu@sh")
    assert expected in proxy.requests[0]
    assert "proxy-authorization" not in receiver.received[0].headers
    assert "Proxy-Authorization" not in answer.request_headers


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["127.0.0.1", "169.254.169.254"]])
def test_a_proxy_is_not_asked_for_what_may_not_be_reached(through, names, addresses):
    names["inside.example"] = addresses
    with through(Wire(tunneling())) as proxy, pytest.raises(RefusedTargetError) as refusal:
        post("http://inside.example/")
    assert (refusal.value.reason, proxy.connections) == ("private_address", 0)


def test_the_second_address_is_asked_for_where_the_first_cannot_be_reached(through, names):
    names["two.example"] = ["::1", "127.0.0.1"]
    with Receiver() as receiver, through(Wire(tunneling(fails_for="[::1]"))) as proxy:
        answer = post(receiver.url(host="two.example"))
    assert (answer.status, answer.peer) == (200, "127.0.0.1")
    assert asked(proxy) == [
        f"CONNECT {host}:{receiver.port} HTTP/1.1".encode() for host in ("[::1]", "127.0.0.1")
    ]


@pytest.mark.parametrize(
    ("status", "reason", "is_ours"),
    [
        (403, "proxy", True),
        (407, "proxy", True),
        (500, "proxy", True),
        (302, "proxy", True),
        (502, "connect", False),
        (503, "connect", False),
        (504, "timeout", False),
    ],
)
def test_a_failure_of_the_proxy_is_told_from_one_of_the_receiver(through, status, reason, is_ours):
    with Receiver() as receiver, through(Wire(tunneling(status=status))):
        with pytest.raises(UnreachableError) as error:
            post(receiver.url())
        assert receiver.received == []
    assert (error.value.reason, error.value.is_ours) == (reason, is_ours)
    assert error.value.transient is True


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 500 + b"\r\n"],
)
def test_a_proxy_that_is_none_is_a_failure_of_the_proxy(through, answer):
    def script(peer):
        peer.read_request()
        peer.send(answer)

    with through(Wire(script)), pytest.raises(UnreachableError) as error:
        post("http://127.0.0.1:1/")
    assert error.value.reason == "proxy"


def test_what_a_proxy_says_behind_its_answer_is_not_taken_for_the_receivers(through):
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    proxy = through(Wire(tunneling(behind=forged)))
    with Receiver() as receiver, proxy, pytest.raises(UnreachableError) as error:
        post(receiver.url())
    assert (error.value.reason, receiver.received) == ("proxy", [])


def test_a_proxy_that_is_away_is_a_failure_of_the_proxy(settings):
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.OUTBOUND_PROXY_URL = f"http://127.0.0.1:{server.getsockname()[1]}"
    with Receiver() as receiver, pytest.raises(UnreachableError) as error:
        post(receiver.url())
    assert (error.value.reason, error.value.is_ours, receiver.received) == ("proxy", True, [])


def test_a_proxy_that_hangs_costs_the_time_limit(through):
    with (
        through(Wire(lambda peer: peer.closing.wait(60))),
        pytest.raises(UnreachableError) as error,
    ):
        http.send("POST", "http://127.0.0.1:1/", timeout_seconds=0.4)
    assert error.value.reason == "timeout"
    assert 400 <= error.value.phases["connect"] < 5000


def test_a_redirect_does_not_leave_through_the_proxy_either(through):
    reply = Reply(302, headers={"Location": "http://10.0.0.1/"})
    with Receiver(reply) as receiver, through(Wire(tunneling())) as proxy:
        assert post(receiver.url()).status == 302
    assert len(proxy.requests) == 1


@pytest.mark.parametrize(
    "value",
    [
        "https://proxy:3128",
        "proxy:3128",
        "http://",
        "http://proxy:99999",
        "http://p/path",
        "http://[::1",
    ],
)
def test_a_proxy_that_could_not_work_stops_the_start(monkeypatch, value):
    monkeypatch.setenv("OUTBOUND_PROXY_URL", value)
    with pytest.raises(Exception, match="OUTBOUND_PROXY_URL"):
        env.proxy("OUTBOUND_PROXY_URL")
