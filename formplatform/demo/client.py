"""A small JSON client for the demonstration: it sees the platform only over HTTP."""

import json
import threading
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode

ATTEMPTS = 2


class CallError(Exception):
    """The platform answered something other than success."""


class Client:
    """Calls one server with one key; each thread keeps a connection of its own."""

    def __init__(self, host: str, port: int, key: str) -> None:
        self._address = (host, port)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._local = threading.local()

    def get(self, path: str, **parameters: object) -> Any:
        query = f"?{urlencode(parameters)}" if parameters else ""
        return json.loads(self.call("GET", path + query))

    def post(self, path: str, body: object, **headers: str) -> Any:
        return json.loads(self.call("POST", path, body, headers) or b"null")

    def call(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> bytes:
        """The answer's body. Raises `CallError` unless the status is 2xx."""
        named = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        content = None if body is None else json.dumps(body).encode()
        status, answer = self._exchange(method, path, content, self._headers | named)
        if not 200 <= status < 300:  # noqa: PLR2004 - the range of success
            raise CallError(f"{method} {path} answered {status}: {answer[:500].decode()}")
        return answer

    def _exchange(
        self, method: str, path: str, content: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        for attempt in range(ATTEMPTS):
            connection = self._connection()
            try:
                connection.request(method, f"/api/v2{path}", body=content, headers=headers)
                response = connection.getresponse()
                return response.status, response.read()
            except (OSError, HTTPException):
                connection.close()  # the server closes a connection that was idle for long
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _connection(self) -> HTTPConnection:
        if not hasattr(self._local, "connection"):
            self._local.connection = HTTPConnection(*self._address, timeout=30)
        connection: HTTPConnection = self._local.connection
        return connection
