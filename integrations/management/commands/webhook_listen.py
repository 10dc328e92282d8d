"""Receive webhooks on this machine, for development."""

import json
import signal
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from formplatform.core import clock
from formplatform.core.actors import SYSTEM
from formplatform.core.errors import NotFoundError
from integrations.webhooks.access import get_webhook
from integrations.webhooks.listening import Incoming, Ledger, Listener, Manners, faults_of, forward
from integrations.webhooks.models import Delivery, Webhook
from integrations.webhooks.repeating import completeness
from integrations.webhooks.security import signed_headers

POLL_SECONDS = 1.0
PAGE = 100


class Command(BaseCommand):
    help = (
        "Receive webhooks, verify and print them, until interrupted; or read an endpoint's "
        "messages without a receiver (--poll)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="where to listen")
        parser.add_argument("--port", type=int, default=8090, help="0: any that is free")
        secret = parser.add_mutually_exclusive_group()
        secret.add_argument("--secret", help="whsec_…; other users of the machine may see it here")
        secret.add_argument("--secret-file", type=Path, help="a file that holds it")
        parser.add_argument("--status", type=int, default=204, help="what to answer")
        parser.add_argument(
            "--fail-rate", type=float, default=0.0, help="part of answers that are a 500: 0 to 1"
        )
        parser.add_argument("--forward", metavar="URL", help="pass every message on")
        parser.add_argument(
            "--poll", metavar="WEBHOOK", help="read this endpoint's messages instead"
        )
        parser.add_argument("--after", type=int, help="with --poll: begin behind this number")
        parser.add_argument("--once", action="store_true", help="with --poll: end where they end")

    def handle(self, *args: Any, **options: Any) -> None:
        self.ledger, self.secret = Ledger(), _secret_of(options)
        self.forward_to: str | None = options["forward"]
        self.manners = _manners_of(options)
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            if options["poll"]:
                self._poll(_webhook(options["poll"]), options)
            else:
                self._listen(options["host"], options["port"])
        except KeyboardInterrupt:
            self.stdout.write("")
        finally:
            signal.signal(signal.SIGTERM, before)
        self._sum_up()

    def _listen(self, host: str, port: int) -> None:
        try:
            server = Listener(host, port, self._take)
        except OSError as error:
            raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}.") from error
        with server:
            self.stdout.write(f"Listening on http://{host}:{server.server_port}/, Ctrl-C ends it.")
            self.stdout.flush()
            server.serve_forever(poll_interval=0.1)

    def _poll(self, webhook: Webhook, options: dict[str, Any]) -> None:
        after = options["after"]
        if after is None:
            after = 0 if options["once"] else completeness.extent_of(webhook).last_seq
        while True:
            page = completeness.messages_after(webhook, after, limit=PAGE)
            for delivery in page:
                self._show(_signed(webhook, delivery), said=[delivery.status])
                after = delivery.seq
            if not page and options["once"]:
                return
            time.sleep(0 if page else POLL_SECONDS)

    def _take(self, message: Incoming) -> int:
        faults = faults_of(message, self.secret) if self.secret else ["not verified: no --secret"]
        status = HTTPStatus.UNAUTHORIZED if self.secret and faults else self.manners.choose()
        self._show(message, said=[*(faults or ["both signatures are good"]), f"answered {status}"])
        return status

    def _show(self, message: Incoming, *, said: list[str]) -> None:
        said = [*said, *self.ledger.note(message)]
        if self.forward_to:
            said.append(forward(message, self.forward_to))
        number = "" if message.seq is None else f"#{message.seq} "
        attempt = message.headers.get("x-webhook-attempt", "1")
        tried = "" if attempt == "1" else f" (attempt {attempt})"
        self.stdout.write(f"\n{number}{message.id}{tried}: {'; '.join(said)}")
        self.stdout.write(_pretty(message.body))
        self.stdout.flush()

    def _sum_up(self) -> None:
        ledger = self.ledger
        self.stdout.write(f"{len(ledger.ids)} messages, {ledger.doubles} came again.")
        for endpoint, numbers in ledger.missing.items():
            if numbers:
                listed = ", ".join(map(str, sorted(numbers)))
                self.stdout.write(f"Missing of {endpoint}: {listed}")


def _secret_of(options: dict[str, Any]) -> str | None:
    secret: str | None = options["secret"]
    if options["secret_file"] is not None:
        try:
            secret = options["secret_file"].read_text().strip()
        except OSError as error:
            raise CommandError(f"--secret-file: {error.strerror}.") from error
    if secret is not None and not secret.startswith("whsec_"):
        raise CommandError("The secret begins with whsec_: copy it from where it was shown.")
    return secret


def _manners_of(options: dict[str, Any]) -> Manners:
    if not 0 <= options["fail_rate"] <= 1:
        raise CommandError("--fail-rate: expected a number from 0 to 1.")
    if not 200 <= options["status"] <= 599:  # noqa: PLR2004 - what may answer a request
        raise CommandError("--status: expected a status from 200 to 599.")
    return Manners(status=options["status"], fail_rate=options["fail_rate"])


def _webhook(webhook_id: str) -> Webhook:
    try:
        return get_webhook(SYSTEM, webhook_id)
    except NotFoundError as error:
        raise CommandError(error.message) from error


def _signed(webhook: Webhook, delivery: Delivery) -> Incoming:
    """As it would arrive now, so that what it is forwarded to can verify it."""
    now = clock.now()
    body = bytes(delivery.payload.body) if delivery.payload else b""
    headers = signed_headers(
        webhook.secrets_in_use(now),
        webhook_id=webhook.pk,
        message_id=delivery.event_id,
        attempt=max(delivery.attempt_no, 1),
        at=now,
        body=body,
    )
    if delivery.payload is not None:
        headers["Content-Type"] = delivery.payload.content_type
    numbered = {**headers, "X-Webhook-Sequence": str(delivery.seq)}
    return Incoming(headers={name.lower(): text for name, text in numbered.items()}, body=body)


def _pretty(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body.decode("utf-8", "replace")
