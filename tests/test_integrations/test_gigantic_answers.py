"""Answers of 300 MB, in every way to be gigantic: memory stays flat and little is read."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from integrations import http
from integrations.errors import UnreachableError
from tests.benchmarks.gigantic import HEADS, MEGABYTE, gigantic_receiver, growth, resident_bytes
from tests.fakes.wire import Wire

pytestmark = pytest.mark.usefixtures("loopback")

MAX_BYTES = 8 * 1024


@pytest.fixture(scope="module")
def url_of():
    with gigantic_receiver() as url_of:
        yield url_of


def call(url):
    with contextlib.suppress(UnreachableError):
        return http.send("POST", url, timeout_seconds=5, max_bytes=MAX_BYTES)
    return None


@pytest.mark.parametrize("way", HEADS)
def test_memory_is_flat_against_300_megabytes(url_of, way):
    started = time.monotonic()
    assert growth(call, url_of(way), calls=20) < 2 * MEGABYTE
    assert time.monotonic() - started < 10, "some calls took all their time"


@pytest.mark.parametrize("way", ["length", "chunked", "one chunk", "until the end"])
def test_a_gigantic_body_is_cut_at_the_cap_and_the_status_stands(url_of, way):
    answer = call(url_of(way))
    assert (answer.status, answer.body, answer.complete) == (200, b"x" * MAX_BYTES, False)


@pytest.mark.parametrize("way", ["a head", "headers", "interim answers"])
def test_a_gigantic_head_is_no_answer(url_of, way):
    with pytest.raises(UnreachableError) as error:
        http.send("POST", url_of(way), timeout_seconds=30, max_bytes=MAX_BYTES)
    assert error.value.reason == "protocol"


def test_memory_is_flat_with_every_hand_at_a_gigantic_receiver(url_of):
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(call, [url_of("length")] * 16))
        before = resident_bytes()
        for _ in range(4):
            list(pool.map(call, [url_of(way) for way in HEADS] * 2))
        assert resident_bytes() - before < 8 * MEGABYTE


@pytest.mark.parametrize("head", [b"Content-Length: 300000000\r\n", b""])
def test_a_gigantic_body_that_drips_ends_with_the_time_limit(head):
    sent = []

    def drip(peer):
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        with contextlib.suppress(OSError):
            while not peer.closing.wait(0.002):
                sent.append(b"x")
                peer.send(b"x")

    with Wire(drip) as wire:
        before = resident_bytes()
        answer = http.send("POST", wire.url(), timeout_seconds=1, max_bytes=MAX_BYTES)
        assert 1 <= answer.seconds < 5
        assert resident_bytes() - before < 2 * MEGABYTE
    assert (answer.status, answer.complete) == (200, False)
    assert 0 < len(answer.body) <= len(sent)
