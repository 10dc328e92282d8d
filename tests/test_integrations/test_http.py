"""The outbound client against receivers that misbehave."""

import resource
import socket
import threading
import time

import pytest

from formplatform.core.errors import InvalidInputError
from integrations import http
from integrations.errors import UnreachableError
from integrations.outbound.headers import check_headers
from integrations.outbound.warm import warm_connections
from tests.fakes.receiver import Receiver, Reply

pytestmark = pytest.mark.usefixtures("loopback")


def failure(url, *, seconds=30.0):
    with pytest.raises(UnreachableError) as error:
        http.send("POST", url, body=b"{}", timeout_seconds=seconds)
    assert error.value.transient is True
    return error.value.reason


@pytest.fixture
def trusted(authority, settings):
    """A client that trusts the tests' certificate authority."""
    settings.OUTBOUND_CA_FILE = str(authority.file)
    return authority


def test_the_body_and_headers_arrive_as_they_were_given():
    with Receiver() as receiver:
        http.send(
            "POST",
            receiver.url("/a?b=%20"),
            body=b"\x00\xff{}",
            headers={"X-Customer": "1"},
            timeout_seconds=5,
        )
    request = receiver.received[0]
    assert (request.method, request.path, request.body) == ("POST", "/a?b=%20", b"\x00\xff{}")
    assert request.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "x-customer": "1",
        "content-length": "4",
        "user-agent": "formplatform/2 (+webhooks)",
        "accept-encoding": "identity",
    }


def test_a_connection_is_used_again():
    with Receiver() as receiver:
        for _ in range(3):
            http.send("POST", receiver.url(), timeout_seconds=30)
    assert len({request.connection for request in receiver.received}) == 1


def test_a_connection_the_receiver_closed_is_not_used_again():
    with Receiver(Reply(headers={"Connection": "close"})) as receiver:
        for _ in range(2):
            assert http.send("POST", receiver.url(), timeout_seconds=30).status == 200
    assert len({request.connection for request in receiver.received}) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status):
    with Receiver() as inside, Receiver(Reply(status, headers={"Location": inside.url()})) as hook:
        assert http.send("POST", hook.url(), timeout_seconds=30).status == status
    assert inside.received == []


def test_proxies_of_the_environment_are_ignored(monkeypatch):
    with Receiver() as proxy, Receiver() as receiver:
        monkeypatch.setenv("http_proxy", proxy.url(""))
        monkeypatch.setenv("ALL_PROXY", proxy.url(""))
        http.send("POST", receiver.url(), timeout_seconds=30)
    assert (len(proxy.received), len(receiver.received)) == (0, 1)


def test_a_receiver_that_never_answers_costs_the_time_limit_and_no_more():
    with Receiver(Reply(wait_seconds=30)) as receiver:
        started = time.monotonic()
        assert failure(receiver.url(), seconds=0.5) == "timeout"
        assert 0.5 <= time.monotonic() - started < 5


def test_a_head_that_drips_in_cannot_outlast_the_time_limit():
    """Each byte comes long before a timeout per read; the total is what counts."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def drip():
        peer, _ = listener.accept()
        with peer:
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000:
                try:
                    peer.sendall(bytes([byte]))
                except OSError:
                    break
                if ended.wait(0.05):
                    break

    threading.Thread(target=drip, daemon=True).start()
    started = time.monotonic()
    reason = failure(f"http://127.0.0.1:{listener.getsockname()[1]}/", seconds=0.6)
    assert (reason, time.monotonic() - started < 5) == ("timeout", True)
    ended.set()
    listener.close()


def test_a_body_that_drips_is_cut_by_the_clock_and_the_status_stands():
    with Receiver(Reply(body=b"abcdefghij" * 100, drip_seconds=0.1)) as receiver:
        answer = http.send("POST", receiver.url(), timeout_seconds=0.7)
    assert (answer.status, answer.complete) == (200, False)
    assert answer.body.startswith(b"abc")
    assert answer.seconds < 5


def test_a_gigantic_body_is_dropped_at_the_cap():
    million = b"x" * 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Receiver(Reply(body=million, repeat=300)) as receiver:
        answer = http.send("POST", receiver.url(), timeout_seconds=60, max_bytes=1024)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert (answer.status, answer.body, answer.complete) == (200, b"x" * 1024, False)
    assert answer.seconds < 5
    assert grown < 30_000, f"{grown} KiB for an answer of 1 KiB"


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\x02\x00", b"SSH-2.0-OpenSSH_9.7\r\n", b"\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"],
    ids=["a TLS hello", "ssh", "blank lines", "no status"],
)
def test_what_is_not_http_is_a_protocol_failure(garbage):
    with Receiver(Reply(garbage=garbage)) as receiver:
        assert failure(receiver.url()) == "protocol"


def test_a_closed_port_is_a_connection_failure():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert failure(f"http://127.0.0.1:{port}/") == "connect"


def test_an_unknown_name_is_a_name_failure(names):
    assert failure("http://nobody.example/") == "dns"


def test_a_name_service_that_hangs_costs_the_time_limit(names):
    release = threading.Event()
    names["slow.example"] = lambda: release.wait(60) and ["127.0.0.1"]
    started = time.monotonic()
    assert failure("http://slow.example/", seconds=0.5) == "dns"
    assert time.monotonic() - started < 5
    release.set()


class Impolite:
    """Answers so many requests per connection, then reads one more and hangs up."""

    def __init__(self, *polite):
        self.requests = 0
        self._polite = list(polite)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def __enter__(self):
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.close()
        self._thread.join(60)

    def _serve(self):
        for answers in self._polite:
            peer, _ = self._listener.accept()
            with peer:
                for _ in range(answers):
                    self._read(peer)
                    peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                self._read(peer)

    def _read(self, peer):
        received = b""
        while b"\r\n\r\n" not in received:
            piece = peer.recv(4096)
            if not piece:
                return
            received += piece
        self.requests += 1


@pytest.mark.parametrize(
    ("method", "headers"),
    [("POST", {"webhook-id": "1"}), ("POST", {"Idempotency-Key": "1"}), ("GET", {})],
)
def test_a_warm_connection_that_closes_under_a_repeatable_request_is_replaced(method, headers):
    with Impolite(1, 1) as receiver:
        for _ in range(2):
            answer = http.send(method, receiver.url, headers=headers, timeout_seconds=30)
            assert answer.status == 204
        warm_connections().close_all()
    assert receiver.requests == 3


def test_a_request_that_cannot_be_told_from_its_repetition_is_not_repeated():
    with Impolite(1, 1) as receiver:
        assert http.send("POST", receiver.url, timeout_seconds=30).status == 204
        assert failure(receiver.url) == "protocol"
        assert http.send("POST", receiver.url, timeout_seconds=30).status == 204
        warm_connections().close_all()
    assert receiver.requests == 3


def test_a_new_connection_that_closes_under_the_request_is_a_failure():
    with Impolite(0) as receiver, pytest.raises(UnreachableError):
        http.send("GET", receiver.url, timeout_seconds=30)
    assert receiver.requests == 1


def test_a_name_without_its_first_address_is_reached_at_its_second(names):
    names["two.example"] = ["::1", "127.0.0.1"]
    with Receiver() as receiver:
        answer = http.send("POST", receiver.url(host="two.example"), timeout_seconds=30)
    assert (answer.status, answer.peer) == (200, "127.0.0.1")


def test_a_certificate_for_the_name_is_accepted_though_the_address_is_connected_to(trusted, names):
    names["hooks.example"] = ["127.0.0.1"]
    with Receiver(encryption=trusted.serve_as("hooks.example")) as receiver:
        for _ in range(2):
            answer = http.send("POST", receiver.url(host="hooks.example"), timeout_seconds=30)
    assert (answer.status, answer.peer) == (200, "127.0.0.1")
    assert len({request.connection for request in receiver.received}) == 1
    assert receiver.received[0].headers["host"] == f"hooks.example:{receiver.port}"


def test_a_certificate_for_another_name_is_refused(trusted, names):
    names["hooks.example"] = ["127.0.0.1"]
    with Receiver(encryption=trusted.serve_as("other.example")) as receiver:
        assert failure(receiver.url(host="hooks.example")) == "tls"
    assert receiver.received == []


def test_a_certificate_of_an_unknown_authority_is_refused(authority, names):
    names["hooks.example"] = ["127.0.0.1"]
    with Receiver(encryption=authority.serve_as("hooks.example")) as receiver:
        assert failure(receiver.url(host="hooks.example")) == "tls"
    assert receiver.received == []


def test_a_handshake_that_hangs_costs_the_time_limit(trusted):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        assert failure(url, seconds=0.5) == "timeout"
        assert time.monotonic() - started < 5


def test_an_error_does_not_repeat_the_url():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UnreachableError) as error:
        http.send("POST", f"http://127.0.0.1:{port}/?token=hush", timeout_seconds=30)
    assert "hush" not in str(error.value)
    assert "hush" not in repr(error.value.data)


PHASES = ["dns", "connect", "tls", "wait", "body"]


def spent(phases):
    return [name for name in PHASES if phases[name] is not None]


def test_a_call_tells_where_its_time_went(trusted, names):
    names["hooks.example"] = lambda: time.sleep(0.05) or ["127.0.0.1"]
    reply = Reply(body=b"abcd", wait_seconds=0.1, drip_seconds=0.03)
    with Receiver(reply, encryption=trusted.serve_as("hooks.example")) as receiver:
        answer = http.send("POST", receiver.url(host="hooks.example"), timeout_seconds=30)
    phases = answer.phases
    assert list(phases) == spent(phases) == PHASES
    assert phases["dns"] >= 50
    assert phases["wait"] >= 100
    assert phases["body"] >= 90
    assert 0 < phases["connect"] < 5000
    assert 0 < phases["tls"] < 5000
    assert sum(phases.values()) == pytest.approx(answer.seconds * 1000, abs=40)


def test_a_warm_connection_spares_three_phases():
    with Receiver() as receiver:
        phases = [http.send("POST", receiver.url(), timeout_seconds=30).phases for _ in range(2)]
    assert spent(phases[0]) == ["connect", "wait", "body"]
    assert spent(phases[1]) == ["wait", "body"]


def test_a_connection_that_was_replaced_tells_of_both():
    with Impolite(1, 1) as receiver:
        for _ in range(2):
            answer = http.send("GET", receiver.url, timeout_seconds=30)
        warm_connections().close_all()
    assert spent(answer.phases) == ["connect", "wait", "body"]


def test_a_failure_tells_how_far_it_came(trusted, names):
    names["hooks.example"] = ["127.0.0.1"]
    other = Receiver(encryption=trusted.serve_as("other.example"))
    with other as receiver, pytest.raises(UnreachableError) as tls:
        http.send("POST", receiver.url(host="hooks.example"), timeout_seconds=30)
    with Receiver(Reply(wait_seconds=5)) as receiver, pytest.raises(UnreachableError) as late:
        http.send("POST", receiver.url(), headers={"X-A": "1"}, timeout_seconds=0.3)
    with pytest.raises(UnreachableError) as unknown:
        http.send("POST", "http://nobody.example/", timeout_seconds=30)
    assert [spent(error.value.phases) for error in (tls, late, unknown)] == [
        ["dns", "connect", "tls"],
        ["connect", "wait"],
        ["dns"],
    ]
    assert [error.value.peer for error in (tls, late, unknown)] == ["127.0.0.1", "127.0.0.1", ""]
    whole = late.value.seconds * 1000
    assert whole >= 300
    assert whole - 50 <= sum(filter(None, late.value.phases.values())) <= whole
    assert late.value.request_headers["X-A"] == "1"


def test_an_answer_tells_what_was_asked():
    with Receiver() as receiver:
        answer = http.send("POST", receiver.url(), headers={"X-A": "1"}, timeout_seconds=30)
        assert {name.lower(): value for name, value in answer.request_headers.items()} == {
            name: value
            for name, value in receiver.received[0].headers.items()
            if name != "content-length"
        }


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Host", "inside.example", "reserved"),
        ("content-LENGTH", "0", "reserved"),
        ("Transfer-Encoding", "chunked", "reserved"),
        ("Connection", "upgrade", "reserved"),
        ("Proxy-Authorization", "Basic x", "reserved"),
        ("X-Forwarded-For", "127.0.0.1", "reserved"),
        ("webhook-id", "evt_1", "reserved"),
        ("X-Webhook-Signature", "0", "reserved"),
        ("X Space", "1", "invalid_name"),
        ("X-Line\r\nHost", "1", "invalid_name"),
        ("", "1", "invalid_name"),
        ("X-Line", "a\r\nHost: inside", "invalid_value"),
        ("X-Zero", "a\x00b", "invalid_value"),
        ("X-Unicode", "ä", "invalid_value"),
        ("X-Long", "a" * 4097, "invalid_value"),
    ],
)
def test_a_header_that_is_not_a_persons_to_set_is_refused(name, value, code):
    with pytest.raises(InvalidInputError) as refusal:
        check_headers({"X-Fine": "yes", name: value})
    assert [(error.field, error.code) for error in refusal.value.errors] == [(name, code)]


def test_ordinary_headers_are_accepted():
    check_headers({"Authorization": "Bearer abc", "X-Api-Key": "1 2\t3"})
