"""Names that hang, and the race between addresses."""

import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from integrations import http
from integrations.errors import RefusedTargetError, UnreachableError
from integrations.outbound import resolving
from integrations.outbound.resolving import MOST_LOOKUPS_OF_A_DOMAIN, domain_of
from tests.fakes.receiver import Receiver

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def hanging(names):
    """Makes a name hang until the test is over; returns who asked for it."""
    release = threading.Event()
    asked = []

    def hang(host):
        names[host] = lambda: asked.append(host) or (release.wait(60) and ["127.0.0.1"])

    yield hang, asked
    release.set()
    deadline = time.monotonic() + 5
    while resolving._resolver._asked and time.monotonic() < deadline:
        time.sleep(0.01)


def reason(url, seconds=0.4):
    with pytest.raises(UnreachableError) as error:
        http.send("POST", url, timeout_seconds=seconds)
    return error.value.reason


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("example.co.uk", "example.co.uk"),
        ("hooks.example.co.uk", "example.co.uk"),
        ("localhost", "localhost"),
    ],
)
def test_names_are_grouped_by_what_somebody_registered(host, domain):
    assert domain_of(host) == domain


def test_a_name_that_hangs_is_asked_once_however_many_wait_for_it(hanging):
    hang, asked = hanging
    hang("slow.example")
    with ThreadPoolExecutor(16) as pool:
        reasons = list(pool.map(reason, ["http://slow.example/"] * 16))
    assert reasons == ["dns"] * 16
    assert asked == ["slow.example"]


def test_names_without_end_of_a_server_that_hangs_hold_up_nobody_else(hanging, names):
    """32 hands, each with another name of the same hanging domain, and one healthy endpoint."""
    hang, asked = hanging
    hosts = [f"n{number}.slow.example" for number in range(32)]
    for host in hosts:
        hang(host)
    names["healthy.test"] = ["127.0.0.1"]
    with Receiver() as receiver, ThreadPoolExecutor(32) as pool:
        calls = [pool.submit(reason, f"http://{host}/", 5) for host in hosts]
        time.sleep(0.3)
        answer = http.send("POST", receiver.url(host="healthy.test"), timeout_seconds=30)
        assert answer.status == 200
        assert not any(call.done() for call in calls)
        assert {call.result() for call in calls} == {"dns"}
    assert len(asked) == MOST_LOOKUPS_OF_A_DOMAIN


def test_names_of_one_domain_are_all_reached_when_they_answer(names):
    """The bound on a domain makes its names wait for each other, not fail."""
    hosts = [f"n{number}.busy.example" for number in range(3 * MOST_LOOKUPS_OF_A_DOMAIN)]
    for host in hosts:
        names[host] = lambda: time.sleep(0.05) or ["127.0.0.1"]

    def status(host):
        return http.send("POST", receiver.url(host=host), timeout_seconds=30).status

    with Receiver() as receiver, ThreadPoolExecutor(len(hosts)) as pool:
        assert list(pool.map(status, hosts)) == [200] * len(hosts)


def test_a_name_is_asked_again_after_there_was_no_thread_for_it(names, monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    names["hooks.example"] = ["127.0.0.1"]
    with Receiver() as receiver:
        url = receiver.url(host="hooks.example")
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            assert reason(url) == "dns"
        assert http.send("POST", url, timeout_seconds=30).status == 200


def test_an_address_is_looked_up_nowhere(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("asked"))
    with Receiver() as receiver:
        assert http.send("POST", receiver.url(), timeout_seconds=30).status == 200


@pytest.fixture
def black_hole(names):
    """A host whose first addresses swallow every packet: a queue of connections that is full."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    address = listener.getsockname()
    waiting = []
    for _ in range(4):
        each = socket.socket()
        each.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            each.connect(address)
        waiting.append(each)
    yield address[1]
    for each in [*waiting, listener]:
        each.close()


def test_an_address_that_swallows_packets_costs_a_quarter_second(names, black_hole):
    """The first family leads nowhere and does not say so; the second one is tried beside it."""
    names["two.example"] = ["127.0.0.1", "::1"]
    with Receiver(bind="::1", port=black_hole) as receiver:
        started = time.monotonic()
        answer = http.send("POST", f"http://two.example:{black_hole}/", timeout_seconds=20)
    assert (answer.status, answer.peer) == (200, "::1")
    assert 0.2 <= time.monotonic() - started < 5
    assert answer.phases["connect"] >= 200
    assert len(receiver.received) == 1


def test_addresses_that_all_swallow_packets_cost_the_time_limit(names, black_hole):
    names["hole.example"] = ["127.0.0.1"]
    started = time.monotonic()
    assert reason(f"http://hole.example:{black_hole}/", 0.6) == "timeout"
    assert 0.6 <= time.monotonic() - started < 5


def test_an_address_that_is_not_reached_though_it_was_asked_for_is_refused(monkeypatch):
    """A network that leads a connection elsewhere: what is reached is looked at again."""
    monkeypatch.setattr(socket.socket, "getpeername", lambda self: ("127.0.0.9", 80))
    with Receiver() as receiver, pytest.raises(RefusedTargetError) as refusal:
        http.send("POST", receiver.url(), timeout_seconds=30)
    assert (refusal.value.reason, receiver.received) == ("peer", [])
