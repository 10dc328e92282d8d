"""A receiver for development: verifies, remembers, answers as it is told.

It takes messages as a customer's server does and shares nothing with the sending side but the two
signatures: the standard one is checked by the `standardwebhooks` package, so what it finds genuine
is genuine for strangers.
"""

import hmac
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import standardwebhooks

from integrations import http
from integrations.errors import OutboundError

from .security import generate_hmac_signature

LARGEST_BODY = 16 * 1024 * 1024
FORWARDED = ("content-type", "webhook-", "x-webhook-")
FORWARD_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """A message as it came; header names are lower case."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")

    @property
    def endpoint(self) -> str:
        return self.headers.get("x-webhook-id", "")

    @property
    def seq(self) -> int | None:
        text = self.headers.get("x-webhook-sequence", "")
        return int(text) if text.isascii() and text.isdecimal() else None


def faults_of(message: Incoming, secret: str) -> list[str]:
    """What is wrong with its signatures, in words; empty where both are good."""
    faults = []
    try:
        standardwebhooks.Webhook(secret).verify(
            message.body, dict(message.headers), json_parse=False
        )
    except standardwebhooks.WebhookVerificationError as error:
        faults.append(f"webhook-signature: {error}")
    except ValueError:
        faults.append("webhook-signature: it cannot be read")
    given = message.headers.get("x-webhook-signature", "")
    if not hmac.compare_digest(generate_hmac_signature(message.body, secret), given):
        faults.append("X-Webhook-Signature: it does not fit the body and the secret")
    return faults


@dataclass(slots=True)
class Ledger:
    """Which messages came: tells doubles and gaps. One at a time may note something."""

    ids: set[str] = field(default_factory=set)
    doubles: int = 0
    missing: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    _highest: dict[str, int] = field(default_factory=dict)

    def note(self, message: Incoming) -> list[str]:
        """Write a message down; what is worth saying of it."""
        remarks = []
        if message.id in self.ids:
            self.doubles += 1
            remarks.append("it came before: handle each id once")
        self.ids.add(message.id)
        if message.seq is not None:
            remarks += self._note_number(message.endpoint, message.seq)
        return remarks

    def _note_number(self, endpoint: str, seq: int) -> list[str]:
        missing, highest = self.missing[endpoint], self._highest.get(endpoint)
        self._highest[endpoint] = max(seq, highest or 0)
        if highest is None:
            return []
        if seq in missing:
            missing.remove(seq)
            return [f"number {seq} was missing until now"]
        skipped = range(highest + 1, seq)
        missing.update(skipped)
        return [f"missing so far: {_span(skipped)}"] if skipped else []


@dataclass(frozen=True, kw_only=True, slots=True)
class Manners:
    """How to answer: one `status` always, or a server error for a part of what comes."""

    status: int = HTTPStatus.NO_CONTENT
    fail_rate: float = 0.0

    def choose(self) -> int:
        fails = random.random() < self.fail_rate  # noqa: S311 - not a secret
        return HTTPStatus.INTERNAL_SERVER_ERROR if fails else self.status


def forward(message: Incoming, url: str) -> str:
    """Pass a message on as it came; what the other server said, in words.

    Like everything that leaves, it goes where OUTBOUND_ALLOWED_NETWORKS lets it.
    """
    headers = {name: value for name, value in message.headers.items() if name.startswith(FORWARDED)}
    try:
        answer = http.send(
            "POST", url, body=message.body, headers=headers, timeout_seconds=FORWARD_SECONDS
        )
    except OutboundError as error:
        return f"not forwarded: {error.message}"
    return f"forwarded: {answer.status}"


class Listener(ThreadingHTTPServer):
    """The server; `take` gets each message and says with which status to answer."""

    daemon_threads = True

    def __init__(self, host: str, port: int, take: Callable[[Incoming], int]) -> None:
        super().__init__((host, port), _Handler)
        self._take, self._lock = take, threading.Lock()

    def take(self, message: Incoming) -> int:
        with self._lock:
            return self._take(message)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._answer(HTTPStatus.LENGTH_REQUIRED)
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        listener = self.server
        if isinstance(listener, Listener):
            self._answer(listener.take(Incoming(headers=headers, body=body)))

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The command says what came."""


def _span(numbers: range) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
