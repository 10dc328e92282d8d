"""A load generator that costs little: raw sockets, keep-alive, requests built beforehand."""

import socket
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What one round of load measured. Latencies in seconds."""

    latencies: list[float]
    statuses: dict[int, int]
    seconds: float

    @property
    def rate(self) -> float:
        """Accepted requests (2xx) per second."""
        return sum(n for status, n in self.statuses.items() if status // 100 == 2) / self.seconds


def percentile(latencies: Sequence[float], percent: int) -> float:
    return statistics.quantiles(latencies, n=100, method="inclusive")[percent - 1]


def request_bytes(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def run_load(port: int, requests: Sequence[bytes], *, clients: int) -> Load:
    """Send every request once, spread over the clients; each waits for its answer."""
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    lock = threading.Lock()

    def work(mine: Sequence[bytes]) -> None:
        times, seen = _one_client(port, mine)
        with lock:
            latencies.extend(times)
            for status in seen:
                statuses[status] = statuses.get(status, 0) + 1

    started = time.perf_counter()
    _in_threads([lambda k=k: work(requests[k::clients]) for k in range(clients)])
    return Load(latencies, statuses, time.perf_counter() - started)


def _in_threads(jobs: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _one_client(port: int, requests: Sequence[bytes]) -> tuple[list[float], list[int]]:
    connection: socket.socket | None = None
    times, statuses = [], []
    for request in requests:
        started = time.perf_counter()
        if connection is None:
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(request)
        status, keep = _read_answer(connection)
        times.append(time.perf_counter() - started)
        statuses.append(status)
        if not keep:
            connection.close()
            connection = None
    return times, statuses


def _read_answer(connection: socket.socket) -> tuple[int, bool]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lower = head.lower()
    length = int(lower.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    while len(body) < length:
        body += _more(connection)
    return int(head.split(b" ", 2)[1]), b"connection: close" not in lower


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the server closed the connection before it answered")
    return data
