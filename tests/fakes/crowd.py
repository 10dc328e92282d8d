"""Receivers in a process of their own, good and bad, that keep a ledger of what came on disk.

``python -m tests.fakes.crowd FILE``; the file is JSON: `ledger` (a path, or none), `seed`,
`certificate` (a path), `ca` (who signed it), and `hooks`, by path: `behaviour` and, once known,
`secrets`. Prints its ports as JSON: `http`, `https` and `garbage`, which speaks no TLS at all.
"""

import asyncio
import base64
import binascii
import contextlib
import hashlib
import hmac
import json
import random
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TextIO

GIGANTIC_BYTES = 300_000_000
CHUNK = b"10000\r\n" + b"x" * 65536 + b"\r\n"
FULL_BYTES = 1_000_000
DRIP_SECONDS = 0.2
BAD_WINDOW_SECONDS = 2.0
BAD_SHARE = 0.3
CLOSE_SHARE = 0.1
RATE = 60
"""What `limited` takes in a second before it asks for patience."""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Request(NamedTuple):
    name: str
    headers: dict[str, str]
    body: bytes


class Row(NamedTuple):
    """A line of the ledger."""

    name: str
    id: str
    seq: int
    attempt: int
    digest: str
    is_genuine: bool
    status: int
    at: float


class Crowd:
    def __init__(self, file: Path) -> None:
        self.file = file
        told = json.loads(file.read_text())
        self.hooks = told["hooks"]
        self.random = random.Random(told["seed"])
        self.seed = told["seed"]
        self.certificate = told["certificate"]
        self.ledger = open_ledger(told.get("ledger"))
        self.taken: dict[int, int] = {}

    def hook(self, name: str) -> dict:
        if name not in self.hooks:
            self.hooks = json.loads(self.file.read_text())["hooks"]
        return self.hooks[name]

    def note(self, request: Request, status: int) -> None:
        if self.ledger is None:
            return
        headers = request.headers
        row = Row(
            name=request.name,
            id=headers["webhook-id"],
            seq=int(headers["x-webhook-sequence"]),
            attempt=int(headers["x-webhook-attempt"]),
            digest=hashlib.sha256(request.body).hexdigest(),
            is_genuine=is_genuine(request, self.hook(request.name)["secrets"]),
            status=status,
            at=time.time(),
        )
        self.ledger.write(json.dumps(row) + "\n")
        self.ledger.flush()

    def is_bad_moment(self, name: str) -> bool:
        window = int(time.time() / BAD_WINDOW_SECONDS)
        return random.Random(f"{self.seed} {name} {window}").random() < BAD_SHARE

    def is_too_much(self) -> bool:
        second = int(time.time())
        self.taken = {second: self.taken.get(second, 0) + 1}
        return self.taken[second] > RATE


def open_ledger(path: str | None) -> TextIO | None:
    return Path(path).open("a") if path else None


def is_genuine(request: Request, secrets: list[str]) -> bool:
    """Both signatures, checked by code of the receiver's own."""
    headers, (secret, *_) = request.headers, secrets
    old = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    new = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    with contextlib.suppress(KeyError, binascii.Error):
        fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
        given = headers["webhook-signature"].split(" ")
        return fresh and f"v1,{new}" in given and headers["x-webhook-signature"] == old
    return False


class Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.buffer = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, mark, rest = self.buffer.partition(b"\r\n\r\n")
        if not mark:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        request = Request(first.split(" ")[1].strip("/"), headers, rest[:length])
        behaviour, _, detail = self.crowd.hook(request.name)["behaviour"].partition(" ")
        BEHAVIOURS[behaviour](self, request, detail)

    def write(self, content: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(content)

    def answer(self, request: Request, status: int, *headers: str) -> None:
        self.crowd.note(request, status)
        extra = "".join(f"{header}\r\n" for header in headers)
        ok = status == 200 and not headers
        self.write(
            OK if ok else f"HTTP/1.1 {status} No\r\n{extra}Content-Length: 0\r\n\r\n".encode()
        )


def answer(line: Line, request: Request, detail: str) -> None:
    status, *headers = detail.split("|") if detail else ["200"]
    line.answer(request, int(status), *headers)


def wait(line: Line, request: Request, detail: str) -> None:
    asyncio.get_running_loop().call_later(float(detail), line.answer, request, 200)


def hang(line: Line, request: Request, _: str) -> None:
    line.crowd.note(request, 0)


def flap(line: Line, request: Request, _: str) -> None:
    line.answer(request, 500 if line.crowd.is_bad_moment(request.name) else 200)


def limit(line: Line, request: Request, _: str) -> None:
    if line.crowd.is_too_much():
        line.answer(request, 429, "Retry-After: 1")
    else:
        line.answer(request, 200)


def close(line: Line, request: Request, _: str) -> None:
    """Now and then hang up: before the answer, or in the middle of it."""
    chance = line.crowd.random.random()
    if chance < CLOSE_SHARE:
        line.crowd.note(request, 0)
    elif chance < 2 * CLOSE_SHARE:
        line.crowd.note(request, 0)
        line.write(OK[:10])
    elif chance < 3 * CLOSE_SHARE:
        line.crowd.note(request, 200)
        line.write(OK[:-1])
    else:
        line.answer(request, 200)
        return
    line.transport.close()


def flood(line: Line, request: Request, _: str) -> None:
    line.crowd.note(request, 200)
    keep(asyncio.get_running_loop().create_task(_flood(line)))


async def _flood(line: Line) -> None:
    line.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    sent = 0
    while sent < GIGANTIC_BYTES and not line.transport.is_closing():
        line.write(CHUNK)
        sent += len(CHUNK)
        await asyncio.sleep(0 if line.transport.get_write_buffer_size() < FULL_BYTES else 0.005)


def drip(line: Line, request: Request, _: str) -> None:
    line.crowd.note(request, 200)
    keep(asyncio.get_running_loop().create_task(_drip(line)))


async def _drip(line: Line) -> None:
    line.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not line.transport.is_closing():
        line.write(b"x")
        await asyncio.sleep(DRIP_SECONDS)


BEHAVIOURS: dict[str, Callable[[Line, Request, str], None]] = {
    "answer": answer,
    "wait": wait,
    "hang": hang,
    "flap": flap,
    "limit": limit,
    "close": close,
    "flood": flood,
    "drip": drip,
}
_tasks: set[asyncio.Task] = set()


def keep(task: asyncio.Task) -> None:
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


class Garbage(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"\x16\x03\x01garbage" + data[::-1])  # type: ignore[attr-defined]
        self.transport.close()


async def serve(crowd: Crowd) -> None:
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crowd.certificate)
    places = {
        "http": await loop.create_server(lambda: Line(crowd), "127.0.0.1", backlog=512),
        "https": await loop.create_server(
            lambda: Line(crowd), "127.0.0.1", backlog=512, ssl=context
        ),
        "garbage": await loop.create_server(Garbage, "127.0.0.1", backlog=512),
    }
    ports = {name: server.sockets[0].getsockname()[1] for name, server in places.items()}
    print(json.dumps(ports), flush=True)  # noqa: T201 - the parent reads it
    await loop.run_in_executor(None, sys.stdin.read)  # until the parent lets go


if __name__ == "__main__":
    asyncio.run(serve(Crowd(Path(sys.argv[1]))))
