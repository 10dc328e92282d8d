"""Warm connections: to whom, for how long, how many, and across threads and forks."""

import contextlib
import multiprocessing
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from pathlib import Path

import pytest

from integrations import http
from integrations.errors import RefusedTargetError, UnreachableError
from integrations.outbound import warm
from integrations.outbound.warm import warm_connections
from tests.fakes.receiver import Receiver, Reply
from tests.fakes.wire import Wire

pytestmark = pytest.mark.usefixtures("loopback")


def post(url, **options):
    return http.send("POST", url, timeout_seconds=5, **options)


def connections(receiver):
    return len({request.connection for request in receiver.received})


def idle():
    return sum(map(len, warm_connections()._idle.values()))


def test_names_of_one_address_do_not_share_a_connection(names):
    names["one.example"] = names["two.example"] = ["127.0.0.1"]
    with Receiver() as receiver:
        for host in ("one.example", "two.example", "127.0.0.1", "one.example"):
            post(receiver.url(host=host))
        assert connections(receiver) == 3


def test_a_warm_connection_is_held_to_the_rules_of_today(settings):
    with Receiver() as receiver:
        post(receiver.url())
        settings.OUTBOUND_ALLOWED_NETWORKS = (ip_network("10.0.0.0/8"),)
        with pytest.raises(RefusedTargetError) as refusal:
            post(receiver.url())
    assert (refusal.value.reason, len(receiver.received)) == ("private_address", 1)


def test_a_warm_connection_to_a_name_is_held_to_them_too(settings, names):
    """Here the URL alone would pass: only the address of the open connection tells."""
    names["hooks.example"] = ["127.0.0.1"]
    with Receiver() as receiver:
        url = receiver.url(host="hooks.example")
        post(url)
        settings.OUTBOUND_ALLOWED_NETWORKS = (ip_network("10.0.0.0/8"),)
        with pytest.raises(RefusedTargetError) as refusal:
            post(url)
        assert idle() == 0
    assert (refusal.value.reason, len(receiver.received)) == ("private_address", 1)


def test_another_authority_or_proxy_means_another_connection(settings, authority):
    settings.OUTBOUND_CA_FILE = str(authority.file)
    with Receiver(encryption=authority.serve_as("127.0.0.1")) as receiver:
        post(receiver.url())
        settings.OUTBOUND_CA_FILE = None
        with pytest.raises(UnreachableError) as error:
            post(receiver.url())
    assert (error.value.reason, len(receiver.received)) == ("tls", 1)


@pytest.mark.parametrize("limit", ["IDLE_SECONDS", "AGE_SECONDS"])
def test_a_connection_is_not_used_past_its_time(monkeypatch, limit):
    with Receiver() as receiver:
        post(receiver.url())
        monkeypatch.setattr(warm, limit, 0.0)
        post(receiver.url())
        assert connections(receiver) == 2


def test_what_is_too_old_is_closed_when_another_is_put_away(monkeypatch):
    with Receiver() as one, Receiver() as two:
        post(one.url())
        assert idle() == 1
        monkeypatch.setattr(warm, "SWEEP_SECONDS", 0.0)
        monkeypatch.setattr(warm, "IDLE_SECONDS", 0.0)
        post(two.url())
        assert idle() == 0


def test_of_too_many_the_ones_idle_longest_make_room(monkeypatch, names):
    monkeypatch.setattr(warm, "MOST_IDLE", 4)
    hosts = [f"h{number}.example" for number in range(6)]
    with Receiver() as receiver:
        for host in hosts:
            names[host] = ["127.0.0.1"]
            post(receiver.url(host=host))
        kept = [key[1] for key in warm_connections()._idle]
        assert kept == hosts[2:], "the fifth made room down to three, the sixth found room"


def test_one_host_keeps_as_many_as_there_are_hands(settings):
    settings.WEBHOOK_CONCURRENCY = 2
    with Receiver(Reply(wait_seconds=0.2)) as receiver:
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: post(receiver.url()), range(6)))
        assert idle() == 2


def test_two_calls_at_once_never_share_a_connection():
    with Receiver() as receiver:
        with ThreadPoolExecutor(8) as pool:
            bodies = [str(number).encode() for number in range(400)]
            answers = list(pool.map(lambda body: post(receiver.url(), body=body), bodies))
        assert {answer.status for answer in answers} == {200}
        assert sorted(request.body for request in receiver.received) == sorted(bodies)
        assert connections(receiver) <= 8


def _send_in_child(url, results):
    results.put((idle(), post(url).status))


def test_a_forked_child_opens_its_own_and_leaves_its_parents_alone():
    context = multiprocessing.get_context("fork")
    with Receiver() as receiver:
        post(receiver.url())
        results = context.Queue()
        child = context.Process(target=_send_in_child, args=(receiver.url(), results))
        child.start()
        assert results.get(timeout=60) == (0, 200)
        child.join(60)
        post(receiver.url())
        first, in_child, again = [request.connection for request in receiver.received]
    assert first == again != in_child


def open_sockets():
    found = set()
    for file in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the directory itself, by now
            found.add(str(file.readlink()))
    return {each for each in found if each.startswith("socket:")}


def test_a_failed_call_leaves_no_socket_behind(names):
    """Garbage, also for a handshake, silence, a refusal: the sockets are those of before."""
    names["gone.example"] = ["10.0.0.1"]
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, Wire(lambda peer: peer.send(b"garbage\r\n\r\n")) as wire:
        urls = [wire.url(), wire.url().replace("http", "https")]
        urls += [f"http://127.0.0.1:{silent.getsockname()[1]}/", "http://gone.example/"]
        before = open_sockets()
        for url in urls:
            with pytest.raises((UnreachableError, RefusedTargetError)):
                http.send("POST", url, timeout_seconds=0.3)
        deadline = time.monotonic() + 5  # the receiver's ends are closed by threads of their own
        while open_sockets() - before and time.monotonic() < deadline:
            time.sleep(0.01)
        assert open_sockets() - before == set()
