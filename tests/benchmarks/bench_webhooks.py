"""Deliveries per second against the usual Celery task, and what else a courier must stand.

The peer is the task most projects begin with: load the endpoint, sign, `requests.post` with a
session per call, save the attempt; one call after the other, as one prefork process runs it. Ours
is one courier process, every row it writes included. Both call the same receiver, a process of its
own on loopback, in turns. Then: rows claimed per second, how late a message to a healthy endpoint
is while another one hangs, and memory under a receiver that answers with 300 MB.

SQLite always; PostgreSQL where DATABASE_TEST_URL names a server.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks.load import percentile
from tests.soak.options import embedded_stores, own_database, read_options

GROUPS = {
    "http 0 ms": ("http", "answer"),
    "https 0 ms": ("https", "answer"),
    "http 50 ms": ("http", "wait 0.05"),
    "https 50 ms": ("https", "wait 0.05"),
    "flood": ("http", "flood"),
    "claims": ("http", "answer"),
}
ENDPOINTS = 8
CLAIM_ENDPOINTS = 32
ROUNDS = 3
PEER_MESSAGES = {"0": 200, "50": 40}
OUR_MESSAGES = 1600
CLAIMS = 3200
FLOODS = 40
SIGNATURES = 2000
EVENTS_PER_SECOND, SECONDS = 50, 30
BODY = {"b": {"number": 1, "text": "x" * 300}, "a": ["response.submitted", None]}
DATABASE = "BENCH_DATABASE"
"""Names the server of a trial to the process that makes it."""
PLACES = 10
"""Forms of the trial of isolation: the endpoint of one of them hangs."""


def main() -> int:
    options = read_options(__doc__, rounds=ROUNDS)
    if DATABASE in os.environ:
        return trial(os.environ[DATABASE], options.rounds)
    print(f"bench webhooks: {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}", flush=True)
    given = os.environ.get("DATABASE_TEST_URL", "")
    for server in ["", given] if given else [""]:  # settings are read once in a process
        command = [sys.executable, "-m", "tests.benchmarks.bench_webhooks"]
        finished = subprocess.run(
            [*command, "--rounds", str(options.rounds)],
            env={**os.environ, DATABASE: server},
            check=False,
        )
        if finished.returncode:
            return finished.returncode
    if not given:
        print("not run: PostgreSQL (set DATABASE_TEST_URL to a server)")
    return 0


def trial(server: str, rounds: int) -> int:
    with tempfile.TemporaryDirectory(prefix="fp-bench-") as directory, own_database(server) as url:
        os.environ.update(
            embedded_stores(directory)
            | {"DATABASE_URL": url, "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8"}
            | {"OUTBOUND_CA_FILE": f"{directory}/authority.pem"}
        )
        from tests.fakes.certificates import Authority

        Authority(Path(directory)).serve_as("127.0.0.1")
        import django

        django.setup()
        from formplatform.core.embedded import ensure_stores
        from formplatform.core.preparation import prepare

        ensure_stores()
        prepare()
        with Stage(Path(directory)) as stage:
            print(f"\n{'PostgreSQL' if server else 'SQLite'}")
            compare(stage, rounds)
            claim(stage, rounds)
            flood(stage)
            isolate(stage)
            sign()
    return 0


class Stage:
    """Forms, endpoints, receivers and the two sides. A context manager."""

    def __init__(self, directory: Path) -> None:
        from tests.benchmarks.webhook_stage import make_forms

        self.directory = directory
        self.ledger = directory / "ledger.jsonl"
        self.running = contextlib.ExitStack()
        self.forms = make_forms([*GROUPS, *(f"place {n}" for n in range(PLACES))])

    def __enter__(self) -> "Stage":
        from tests.benchmarks.webhook_stage import make_endpoint

        told = {"ledger": None, "seed": 0, "certificate": str(self.directory / "127.0.0.1.pem")}
        hooks = {
            f"{group}-{n}".replace(" ", "_"): (group, scheme, behaviour)
            for group, (scheme, behaviour) in GROUPS.items()
            for n in range(CLAIM_ENDPOINTS if group == "claims" else ENDPOINTS)
        }
        ports = self.receive("hooks", told, {name: hook[2] for name, hook in hooks.items()})
        groups: dict[str, list[dict]] = {}
        for name, (group, scheme, _) in hooks.items():
            url = f"{scheme}://127.0.0.1:{ports[scheme]}/{name}"
            groups.setdefault(group, []).append(make_endpoint(self.forms[group], url))
        sides = self.directory / "sides.json"
        authority = str(self.directory / "authority.pem")
        sides.write_text(json.dumps({"groups": groups, "authority": authority}))
        self.sides = {name: self.start(name, str(sides)) for name in ("peer", "ours")}
        return self

    def __exit__(self, *_: object) -> None:
        self.running.close()

    def receive(self, name: str, told: dict, behaviours: dict[str, str]) -> dict[str, int]:
        """Start receivers that behave so; their ports."""
        file = self.directory / f"{name}.json"
        hooks = {each: {"behaviour": how, "secrets": [""]} for each, how in behaviours.items()}
        file.write_text(json.dumps({**told, "hooks": hooks}))
        receivers = self.process("tests.fakes.crowd", str(file))
        return json.loads(receivers.stdout.readline())

    def start(self, side: str, file: str) -> subprocess.Popen:
        return self.process("tests.benchmarks.webhook_sides", side, file)

    def process(self, module: str, *arguments: str) -> subprocess.Popen:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        started = subprocess.Popen([sys.executable, "-m", module, *arguments], **pipes, text=True)
        self.running.callback(started.wait)
        self.running.callback(started.stdin.close)
        return started

    def ask(self, side: str, **order: object) -> dict:
        process = self.sides[side]
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    def enqueue(self, group: str, messages: int, *, endpoints: int = ENDPOINTS) -> None:
        from tests.benchmarks.webhook_stage import make_events

        events = make_events(self.forms[group], messages // endpoints)
        self.ask("ours", do="enqueue", events=[event.payload() for event in events])


def compare(stage: Stage, rounds: int) -> None:
    print(f"{'':14}{'peer/s':>9}{'ours/s':>9}{'ratio':>8}{'peer CPU ms':>13}{'ours CPU ms':>13}")
    for group in list(GROUPS)[:4]:
        wait = group.split()[1]
        peers, ours = [], []
        for _ in range(rounds):
            stage.enqueue(group, OUR_MESSAGES)
            ours.append(stage.ask("ours", do="deliver", group=group))
            stage.ask("ours", do="forget")
            peers.append(
                stage.ask("peer", do="deliver", group=group, messages=[BODY] * PEER_MESSAGES[wait])
            )
        ratios = [rate(one) / rate(other) for one, other in zip(ours, peers, strict=True)]
        print(
            f"{group:14}{middle(peers, rate):>9,.0f}{middle(ours, rate):>9,.0f}"
            f"{statistics.median(ratios):>8.1f}"
            f"{middle(peers, cpu_ms):>13.2f}{middle(ours, cpu_ms):>13.2f}"
            f"   (ratios {min(ratios):.1f} to {max(ratios):.1f})",
            flush=True,
        )


def claim(stage: Stage, rounds: int) -> None:
    for ordering in ("endpoint", "none"):
        measured = []
        for _ in range(rounds):
            stage.enqueue("claims", CLAIMS, endpoints=CLAIM_ENDPOINTS)
            measured.append(stage.ask("ours", do="claim", ordering=ordering))
            stage.ask("ours", do="forget")
        order = "strictly in order" if ordering == "endpoint" else "in no order"
        print(
            f"claimed and written down, {order}: {middle(measured, rate):,.0f}/s"
            f" ({middle(measured, cpu_ms):.2f} CPU ms each)",
            flush=True,
        )


def flood(stage: Stage) -> None:
    stage.enqueue("flood", ENDPOINTS)
    stage.ask("ours", do="deliver", group="flood")
    stage.ask("ours", do="forget")
    stage.enqueue("flood", FLOODS)
    measured = stage.ask("ours", do="deliver", group="flood")
    print(
        f"{FLOODS} answers of 300 MB: {measured['rss_bytes'] / 1e6:+.1f} MB afterwards,"
        f" {max(measured['peak_bytes'], 0) / 1e6:.1f} MB at most",
        flush=True,
    )


def isolate(stage: Stage) -> None:
    """A tenth of the traffic goes to an endpoint that hangs; when do the others get theirs?"""
    from tests.benchmarks.webhook_stage import make_endpoint, make_events

    names = {f"place-{n}": "hang" if n == 0 else "answer" for n in range(PLACES)}
    told = {"seed": 0, "certificate": str(stage.directory / "127.0.0.1.pem")}
    ports = stage.receive("places", {**told, "ledger": str(stage.ledger)}, names)
    events = []
    for n, name in enumerate(names):
        form = stage.forms[f"place {n}"]
        make_endpoint(form, f"http://127.0.0.1:{ports['http']}/{name}")
        events.append(make_events(form, EVENTS_PER_SECOND * SECONDS // PLACES))
    in_turn = [event for several in zip(*events, strict=True) for event in several]
    with courier() as running:
        time.sleep(5)  # it starts
        assert running.poll() is None, "the courier ended"
        enqueued_at = enqueue_steadily(stage, in_turn)
        time.sleep(3)
    came: dict[str, float] = {}
    for line in stage.ledger.read_text().splitlines():
        name, event_id, *_, at = json.loads(line)
        if names[name] == "answer":
            came.setdefault(event_id, at)
    healthy = {event.id for several in events[1:] for event in several}
    late = [came[event_id] - enqueued_at[event_id] for event_id in healthy & came.keys()]
    places = [percentile(late, percent) * 1000 for percent in (50, 95, 99)]
    print(
        f"{EVENTS_PER_SECOND} events/s, a tenth to an endpoint that hangs: the others get"
        f" {len(late)} of {len(healthy)}, p50 {places[0]:.0f} ms, p95 {places[1]:.0f} ms,"
        f" p99 {places[2]:.0f} ms after they were enqueued",
        flush=True,
    )


def sign() -> None:
    """What the headers of a message of a kilobyte cost, without and with an ed25519 key."""
    from formplatform.core import clock
    from integrations.webhooks import keys
    from integrations.webhooks.security import signed_headers

    secret, now = keys.generate_secret(), clock.now()
    for name, several in (
        ("HMAC", [secret]),
        ("HMAC and ed25519", [secret, keys.generate_private_key()]),
    ):
        started = time.process_time()
        for _ in range(SIGNATURES):
            signed_headers(
                several, webhook_id="w", message_id="evt_1", attempt=1, at=now, body=b"x" * 1024
            )
        spent = (time.process_time() - started) * 1e6 / SIGNATURES
        print(f"headers signed with {name}: {spent:.0f} µs", flush=True)


@contextlib.contextmanager
def courier() -> Iterator[subprocess.Popen]:
    command = [sys.executable, "manage.py", "deliver_webhooks"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(30)


def enqueue_steadily(stage: Stage, events: list) -> dict[str, float]:
    """Each event at its time, alone; when that was."""
    started, at = time.time(), {}
    for number, event in enumerate(events):
        time.sleep(max(started + number / EVENTS_PER_SECOND - time.time(), 0))
        at[event.id] = time.time()
        stage.ask("ours", do="enqueue", events=[event.payload()])
    return at


def rate(measured: dict) -> float:
    return measured["count"] / measured["seconds"]


def cpu_ms(measured: dict) -> float:
    return measured["cpu_seconds"] * 1000 / measured["count"]


def middle(several: list[dict], of: Callable[[dict], float]) -> float:
    return statistics.median(map(of, several))


if __name__ == "__main__":
    sys.exit(main())
