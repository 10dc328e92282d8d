"""Answers no honest server would send: each costs its own call and nothing else."""

import gzip
import itertools
import os
import time

import pytest

from integrations import http
from integrations.errors import RefusedRequestError, RefusedTargetError, UnreachableError
from integrations.outbound.warm import warm_connections
from tests.fakes.wire import Wire, answering, closing

pytestmark = pytest.mark.usefixtures("loopback")

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"


def post(wire, *, seconds=30.0, body=b"{}", **options):
    return http.send("POST", wire.url(), body=body, timeout_seconds=seconds, **options)


def is_warm(wire):
    """Whether a connection was kept; it is not any more."""
    kept = warm_connections()._idle
    return any(key[2] == wire.port for key in kept)


NOT_HTTP = {
    "HTTP/0.9": b"<html>hello</html>\n",
    "HTTP/2": b"HTTP/2 200\r\n\r\n",
    "HTTP/1.2": b"HTTP/1.2 200 OK\r\n\r\n",
    "another protocol": b"ICY 200 OK\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a status with a sign": b"HTTP/1.1 +20 OK\r\n\r\n",
    "a status in other digits": "HTTP/1.1 \uff12\uff10\uff10 OK\r\n\r\n".encode(),
    "a status of zero": b"HTTP/1.1 000 OK\r\n\r\n",
    "a space before": b" HTTP/1.1 200 OK\r\n\r\n",
    "small letters": b"http/1.1 200 OK\r\n\r\n",
    "a header without a colon": b"HTTP/1.1 200 OK\r\nHello\r\n\r\n",
    "a header without a name": b"HTTP/1.1 200 OK\r\n: hello\r\n\r\n",
    "a space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
    "a folded header": b"HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\n\r\n",
    "a header with a tab in its name": b"HTTP/1.1 200 OK\r\nX\tA: 1\r\n\r\n",
    "a carriage return alone": b"HTTP/1.1 200 OK\r\nX-A: 1\rX-B: 2\r\n\r\n",
    "a zero byte": b"HTTP/1.1 200 OK\r\nX-A: \x00\r\n\r\n",
    "a zero byte in the reason": b"HTTP/1.1 200 \x00\r\n\r\n",
    "an upgrade nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 300 + b"\r\n",
    "one enormous header": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 200_000 + b"\r\n\r\n",
    "interim answers without end": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 50,
    "an end in the head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "an end in the first line": b"HTTP/1.1 2",
    "an end before anything": b"",
}


@pytest.mark.parametrize("answer", NOT_HTTP.values(), ids=NOT_HTTP)
def test_what_is_not_http_fails_the_call_and_the_connection(answer):
    with Wire(closing(answer)) as wire:
        with pytest.raises(UnreachableError) as error:
            post(wire)
        assert not is_warm(wire)
    assert error.value.reason == "protocol"
    assert (wire.connections, len(wire.requests)) == (1, 1)


@pytest.mark.parametrize("lines", [b"X-A: 1\r\n", b"a" * 80], ids=["lines", "one line"])
def test_a_head_without_end_is_given_up_at_its_bound(lines):
    def flood(peer):
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n")
        peer.drip(itertools.repeat(lines * 200))

    with Wire(flood) as wire, pytest.raises(UnreachableError) as error:
        post(wire, seconds=60)
    assert error.value.reason == "protocol"
    assert error.value.phases["wait"] < 5000


def test_interim_answers_are_passed_over():
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    with Wire(answering(early + OK, OK)) as wire:
        assert [post(wire).status for _ in range(2)] == [200, 200]
    assert wire.connections == 1


CUT = {
    "a body that ends early": b"Content-Length: 10\r\n\r\nabc",
    "a length that is no number": b"Content-Length: ten\r\n\r\nabc",
    "a negative length": b"Content-Length: -3\r\n\r\nabc",
    "a length with a sign": b"Content-Length: +3\r\n\r\nabc",
    "a length in hexadecimal": b"Content-Length: 0x3\r\n\r\nabc",
    "a length past counting": b"Content-Length: 99999999999999999999\r\n\r\nabc",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 10\r\n\r\nabcdefghij",
    "the same length twice": b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "two lengths in one": b"Content-Length: 3, 10\r\n\r\nabcdefghij",
    "an unknown coding": b"Transfer-Encoding: gzip\r\n\r\nabc",
    "two codings": b"Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked with an ending": b"Transfer-Encoding: xchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "a chunk without a size": b"Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n",
    "a negative chunk": b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
    "a chunk with a prefix": b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
    "a chunk past counting": b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\nabc\r\n",
    "a chunk longer than its size": b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
    "no last chunk": b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "trailers without end": b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-A: 1\r\n" * 100,
    "an enormous extension": b"Transfer-Encoding: chunked\r\n\r\n3;"
    + b"a" * 99_999
    + b"\r\nabc\r\n",
}


@pytest.mark.parametrize("answer", CUT.values(), ids=CUT)
def test_a_body_that_has_no_one_meaning_is_cut_and_the_status_stands(answer):
    with Wire(closing(b"HTTP/1.1 200 OK\r\n" + answer)) as wire:
        found = post(wire)
        assert not is_warm(wire)
    assert (found.status, found.complete) == (200, False)
    assert b"abc".startswith(found.body) or found.body == b"abcdef"


def test_extensions_larger_than_the_body_are_given_up():
    """One byte a chunk, each with a kilobyte of framing: megabytes for the first kilobyte."""
    chunk = b"1;" + b"e" * 1000 + b"\r\nx\r\n"

    def flood(peer):
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        peer.drip(itertools.repeat(chunk * 16))

    with Wire(flood) as wire:
        answer = post(wire, max_bytes=64 * 1024)
    assert (answer.status, answer.complete) == (200, False)
    assert 0 < len(answer.body) < 200


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (CHUNKED + b"2\r\nok\r\n0\r\n\r\n", b"ok"),
        (
            CHUNKED + b"1;a=b\r\no\r\n001 \r\nk\r\n0\r\nX-Trailer: 1\r\n\r\n",
            b"ok",
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n", b""),
        (b"HTTP/1.1 200\r\nContent-Length:2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", b"ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: \xe4\r\n\r\n", b""),
    ],
    ids=["chunked", "extensions and trailers", "204", "304", "no reason", "line feeds", "latin"],
)
def test_every_honest_way_to_answer_keeps_the_connection(answer, body):
    with Wire(answering(answer, answer)) as wire:
        for _ in range(2):
            found = post(wire)
            assert (found.body, found.complete) == (body, True)
    assert wire.connections == 1


def test_an_answer_that_comes_in_single_bytes_is_the_same_answer():
    answer = CHUNKED + b"3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX: 1\r\n\r\n"

    def spell(peer):
        while peer.read_request():
            peer.drip(bytes([byte]) for byte in answer)

    with Wire(spell) as wire:
        bodies = [post(wire).body for _ in range(2)]
    assert bodies == [b"abc0123456789abcdef"] * 2
    assert wire.connections == 1


def test_a_body_until_the_end_is_whole_and_the_connection_over():
    with Wire(closing(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")) as wire:
        answer = post(wire)
    assert (answer.body, answer.complete) == (b"until the end", True)


def test_chunks_that_end_with_the_connection_are_whole():
    head = CHUNKED[:-2] + b"Connection: close\r\n\r\n"
    with Wire(closing(head + b"2\r\nok\r\n0\r\n\r\n")) as wire:
        for _ in range(2):
            answer = post(wire)
            assert (answer.body, answer.complete) == (b"ok", True)
    assert wire.connections == 2


def test_chunks_of_a_server_too_old_for_them_are_not_read():
    answer = CHUNKED.replace(b"1.1", b"1.0") + b"2\r\nok\r\n0\r\n\r\n"
    with Wire(closing(answer)) as wire:
        found = post(wire)
    assert (found.status, found.body, found.complete) == (200, b"", False)


def test_an_old_server_is_understood_and_its_connection_not_used_again():
    with Wire(answering(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")) as wire:
        assert [post(wire).body for _ in range(2)] == [b"ok", b"ok"]
    assert wire.connections == 2


FORGED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"


@pytest.mark.parametrize(
    "first",
    [
        OK + FORGED,
        b"HTTP/1.1 204 No Content\r\n\r\n" + FORGED,
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
        CHUNKED + b"2\r\nok\r\n0\r\n\r\n" + FORGED,
        CHUNKED[:-2] + b"Content-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
    ids=["a length", "no body", "a body where none is", "chunked", "chunked and a length"],
)
def test_what_stands_behind_an_answer_is_not_the_next_answer(first):
    with Wire(answering(first), answering(OK)) as wire:
        assert post(wire).status // 100 == 2
        assert post(wire).body == b"ok"
    assert wire.connections == 2


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
def test_an_answer_that_comes_before_its_question_is_not_taken_for_one(
    encrypted, authority, settings
):
    settings.OUTBOUND_CA_FILE = str(authority.file)

    def hasty(peer):
        peer.read_request()
        peer.send(OK)
        peer.closing.wait(0.1)
        peer.send(FORGED)
        peer.read_request()

    encryption = authority.serve_as("127.0.0.1") if encrypted else None
    with Wire(hasty, answering(OK), encryption=encryption) as wire:
        assert post(wire).body == b"ok"
        time.sleep(0.4)
        assert post(wire).body == b"ok"
    assert (wire.connections, len(wire.requests)) == (2, 2)


def test_a_refusal_before_the_body_was_read_is_the_answer_and_the_connection_over():
    """A server that turns a large body away without reading it, and stays."""

    def hasty(peer):
        peer.connection.recv(100)
        peer.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        peer.closing.wait(0.2)
        while peer.connection.recv(1 << 20):
            pass

    with Wire(hasty, receive_buffer=64 * 1024) as wire:
        answer = post(wire, body=bytes(http.MOST_REQUEST_BYTES))
        assert not is_warm(wire)
    assert answer.status == 413


def test_a_refusal_of_a_server_that_hangs_up_under_the_body_is_still_read():
    def refuse(peer):
        peer.connection.recv(100)
        peer.send(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\r\n")
        peer.connection.shutdown(1)
        peer.closing.wait(0.3)

    with Wire(refuse, receive_buffer=64 * 1024) as wire:
        assert post(wire, body=bytes(http.MOST_REQUEST_BYTES)).status == 413


def test_a_bomb_stays_packed():
    bomb = gzip.compress(b"\0" * 10_000_000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with Wire(answering(answer + bomb)) as wire:
        found = post(wire)
    assert b"Accept-Encoding: identity" in wire.requests[0]
    assert (found.body, found.complete) == (bomb, True)


def test_a_peer_that_stops_talking_and_stays_costs_the_time_limit():
    def stall(peer):
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        peer.closing.wait(60)

    with Wire(stall) as wire:
        answer = post(wire, seconds=0.5)
        assert (answer.status, answer.body, answer.complete) == (200, b"abc", False)
        assert 0.5 <= answer.seconds < 5
        assert not is_warm(wire)


def test_a_peer_that_never_reads_costs_the_time_limit():
    with Wire(lambda peer: peer.closing.wait(60)) as wire:
        started = time.monotonic()
        with pytest.raises(UnreachableError) as error:
            post(wire, seconds=0.5, body=b"x" * 15_000_000)
    assert error.value.reason == "timeout"
    assert time.monotonic() - started < 5


def test_a_body_cut_by_somebody_in_between_is_not_complete(authority, settings):
    """Without the closing words of TLS, the end of the connection is not the end of the body."""
    settings.OUTBOUND_CA_FILE = str(authority.file)

    def cut(peer):
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nhalf of")
        os.close(peer.connection.detach())

    with Wire(cut, encryption=authority.serve_as("127.0.0.1")) as wire:
        answer = post(wire, seconds=60)
    assert (answer.body, answer.complete) == (b"half of", False)
    assert answer.seconds < 5


@pytest.mark.parametrize(
    "garbage",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28", b"\xff" * 64, b""],
)
def test_garbage_instead_of_a_handshake_is_a_tls_failure(garbage):
    def script(peer):
        peer.connection.recv(4096)
        peer.send(garbage)

    with Wire(script) as wire, pytest.raises(UnreachableError) as error:
        http.send("POST", wire.url().replace("http", "https"), timeout_seconds=30)
    assert error.value.reason == "tls"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"X-A": "1\r\nX-B: 2"}, "header"),
        ({"X-A": "1\nX-B: 2"}, "header"),
        ({"X-A": "1\rX-B: 2"}, "header"),
        ({"X-A\r\nX-B": "1"}, "header"),
        ({"X-A": "1\0"}, "header"),
        ({"X-A": "\u010d\u010a"}, "header"),
        ({"host": "inside.example"}, "header"),
        ({"HOST": "inside.example"}, "header"),
        ({"content-length": "0"}, "header"),
        ({"Transfer-Encoding": "chunked"}, "header"),
        ({"connection": "keep-alive"}, "header"),
        ({"accept-encoding": "gzip"}, "header"),
    ],
)
def test_a_header_that_would_change_the_request_is_not_sent(headers, reason):
    with Wire(answering(OK)) as wire, pytest.raises(RefusedRequestError) as refusal:
        post(wire, headers=headers)
    assert (refusal.value.reason, wire.connections) == (reason, 0)
    assert isinstance(refusal.value, RefusedTargetError)  # sent again, it would fail again


def test_a_caller_names_itself_once():
    with Wire(answering(OK)) as wire:
        post(wire, headers={"user-agent": "connector/1"})
    assert wire.requests[0].lower().count(b"user-agent") == 1
    assert b"user-agent: connector/1\r\n" in wire.requests[0]


@pytest.mark.parametrize("method", ["GET / HTTP/1.1\r\nX:", "get", "", "P OST"])
def test_a_method_that_is_none_is_not_sent(method):
    with Wire(answering(OK)) as wire, pytest.raises(RefusedRequestError):
        http.send(method, wire.url(), timeout_seconds=30)
    assert wire.connections == 0


def test_a_body_above_the_cap_is_not_sent():
    with Wire(answering(OK)) as wire, pytest.raises(RefusedRequestError) as refusal:
        post(wire, body=bytes(http.MOST_REQUEST_BYTES + 1))
    assert (refusal.value.reason, wire.connections) == ("too_large", 0)
