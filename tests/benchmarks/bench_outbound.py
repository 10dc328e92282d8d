"""`bench outbound`: what a call costs through the guarded client, against its peers.

The peers are the customer's call (`requests.post`, a new session each time) and a bare urllib3
pool without any guard. All send the same body over TLS, each waiting for its answer, to a receiver
in a process of its own, and take turns, round by round. Read the processor time of a call: it does
not depend on what else the machine does. The rate is that of one thread and of several.
"""

import asyncio
import contextlib
import multiprocessing
import ssl
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path

import requests
import urllib3
from django.conf import settings

from tests.fakes.certificates import Authority

ROUNDS = 9
CALLS = {"requests.post (the customer's call)": 60, "a bare urllib3 pool": 400, "http.send": 400}
THREADS = 8
BODY = b'{"type":"response.submitted","data":{' + b'"a":1,' * 180 + b'"b":2}}'
HEADERS = {
    "Content-Type": "application/json",
    "webhook-id": "evt_65f0c0ffee65f0c0ffee65f1_1",
    "webhook-timestamp": "1767960000",
    "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    "X-Webhook-Signature": "5d61a1" * 10,
    "X-Webhook-ID": "65f0c0ffee65f0c0ffee65f2",
    "X-Webhook-Attempt": "1",
}
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Fri, 09 Jan 2026 12:00:00 GMT\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nok"
)
Send = Callable[[str], None]


class _Answering(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0 and len(self._rest) - end - 4 >= len(BODY):
            self._rest = self._rest[end + 4 + len(BODY) :]
            self._transport.write(ANSWER)


def serve(directory: str, ready: object) -> None:
    authority = Authority(Path(directory))
    encryption = authority.serve_as("127.0.0.1")

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_Answering, "127.0.0.1", 0, ssl=encryption)
        ready.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextlib.contextmanager
def receiver(directory: str) -> Iterator[str]:
    """A receiver in a process of its own; yields its URL."""
    context = multiprocessing.get_context("spawn")
    ready = context.Queue()
    process = context.Process(target=serve, args=(directory, ready), daemon=True)
    process.start()
    try:
        yield f"https://127.0.0.1:{ready.get(timeout=30)}/hook?of=bench"
    finally:
        process.kill()
        process.join()


def sides(authority: Path) -> dict[str, Send]:
    from integrations import http

    pool = urllib3.PoolManager(
        maxsize=32, ssl_context=ssl.create_default_context(cafile=str(authority))
    )

    def customer(url: str) -> None:
        session = requests.post(url, data=BODY, headers=HEADERS, timeout=10, verify=authority)
        assert session.status_code == 200

    def bare(url: str) -> None:
        answer = pool.request("POST", url, body=BODY, headers=HEADERS, timeout=10, retries=False)
        assert answer.status == 200

    def ours(url: str) -> None:
        answer = http.send("POST", url, body=BODY, headers=HEADERS, timeout_seconds=10)
        assert (answer.status, answer.complete) == (200, True)

    return dict(zip(CALLS, (customer, bare, ours), strict=True))


def measure(send: Send, url: str, calls: int, *, threads: int) -> tuple[float, float]:
    """Processor milliseconds of a call, and calls per second."""

    def work() -> None:
        for _ in range(calls // threads):
            send(url)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    cpu, wall = time.process_time(), time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    made = calls // threads * threads
    return cpu / made * 1000, made / wall


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="fp-bench-") as directory, receiver(directory) as url:
        authority = Path(directory) / "authority.pem"
        settings.configure(
            OUTBOUND_ALLOWED_NETWORKS=(ip_network("127.0.0.0/8"),),
            OUTBOUND_DENIED_NETWORKS=(),
            OUTBOUND_CA_FILE=str(authority),
            OUTBOUND_PROXY_URL=None,
            OUTBOUND_ALLOWED_PORTS=frozenset({443}),
            WEBHOOK_CONCURRENCY=32,
        )
        ours = sides(authority)
        print(f"bench outbound: {ROUNDS} rounds in turns, HTTPS, body of {len(BODY)} bytes")
        for threads in (1, THREADS):
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in CALLS}
            for number in range(ROUNDS + 1):
                for name, send in ours.items():
                    sample = measure(send, url, CALLS[name], threads=threads)
                    if number:  # the first round opens the connections
                        found[name].append(sample)
            report(threads, found)
    return 0


def report(threads: int, found: dict[str, list[tuple[float, float]]]) -> None:
    print(f"\n{threads} thread(s){'':27}{'CPU ms/call':>12}{'calls/s':>10}{'times the first':>17}")
    first = statistics.median(cpu for cpu, _ in next(iter(found.values())))
    for name, samples in found.items():
        cpu = statistics.median(cpu for cpu, _ in samples)
        rate = statistics.median(rate for _, rate in samples)
        print(f"{name:38}{cpu:>12.3f}{rate:>10,.0f}{first / cpu:>17.1f}")


if __name__ == "__main__":
    raise SystemExit(main())
