"""A webhook receiver on loopback that verifies what it gets as a stranger would."""

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError


class Receiver:
    """Collects verified messages by id. Use as a context manager."""

    def __init__(self) -> None:
        self.secret = ""
        self.messages: dict[str, dict[str, Any]] = {}
        self.deliveries = 0
        self.refused: list[str] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, body: bytes, headers: dict[str, str]) -> bool:
        """Verify both signatures and keep the message; False where one is wrong."""
        try:
            Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError as error:
            self.refused.append(f"{headers.get('webhook-id')}: {error}")
            return False
        if not self._customer_signature_holds(body, headers):
            self.refused.append(f"{headers['webhook-id']}: X-Webhook-Signature")
            return False
        with self._lock:
            self.deliveries += 1
            self.messages[headers["webhook-id"]] = json.loads(body)
        return True

    def _customer_signature_holds(self, body: bytes, headers: dict[str, str]) -> bool:
        expected = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, headers.get("x-webhook-signature", ""))


def _handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(200 if receiver.take(body, headers) else 400)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent: the demonstration prints its own summary."""

    return Handler
