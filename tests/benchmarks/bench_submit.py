"""Accepted responses per second over HTTP, against a view that only inserts the document.

Both sides run on gunicorn with the same settings, side by side, and take turns in short rounds,
which of them begins changing, so that a drift of the machine touches both. The front door is
measured first with nobody working behind it, then with a worker that counts and delivers at the
same time.
"""

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.load import Load, percentile, request_bytes, run_load

ROOT = Path(__file__).parents[2]
ROUNDS = 30
REQUESTS = 400
CLIENTS = 8
WARM_UP = 300
SETUP = """
import json
from django.contrib.auth.models import User
from formplatform.core.actors import Actor
from formplatform.core.api_keys import SCOPES, create_key
from formplatform.demo.study import load_study
from formplatform.forms import catalog, publishing
user = User.objects.create_user("bench")
_, token = create_key(user, name="bench", scopes=SCOPES)
actor, study = Actor(user_id=user.pk), load_study()
form = catalog.create_form(actor=actor, title=study.title, definition=study.definition)
publishing.publish_form(form, actor=actor)
print(json.dumps({"token": token, "form": form.id, "answers": study.answers}))
"""
Sample = dict[str, list[Load]]


def main() -> int:
    print(f"bench submit: {CLIENTS} clients, {ROUNDS} rounds of {REQUESTS} responses, in turns")
    for store, variables in stores():
        with tempfile.TemporaryDirectory(prefix="fp-bench-") as directory:
            environment = {**os.environ, "DATA_DIRECTORY": directory, **variables}
            environment["THROTTLE_SUBMIT"] = "600000/minute"  # counted, never reached
            measure_store(store, environment)
    return 0


def stores() -> Iterator[tuple[str, dict[str, str]]]:
    yield "SQLite", {"MONGO_URL": "", "DATABASE_URL": "", "REDIS_URL": ""}
    mongo = os.environ.get("MONGO_TEST_URL") or os.environ.get("MONGO_URL")
    if mongo:
        base, _, options = mongo.partition("?")
        server = base.rsplit("/", 1)[0]
        yield "MongoDB", {"MONGO_URL": f"{server}/fp_bench_submit?{options}", "DATABASE_URL": ""}
    else:
        print("not run: MongoDB (set MONGO_TEST_URL to a replica set)")


def measure_store(store: str, environment: dict[str, str]) -> None:
    with contextlib.ExitStack() as running:
        keeper = running.enter_context(process(environment, "manage.py", "shell", "--no-imports"))
        run(environment, "manage.py", "migrate", "-v0")
        run(environment, "manage.py", "ensure_indexes")
        given = json.loads(run(environment, "manage.py", "shell", "--no-imports", "-c", SETUP))
        peer_settings = {"DJANGO_SETTINGS_MODULE": "tests.benchmarks.peer_settings"}
        ports = {
            "platform": running.enter_context(web(environment)),
            "peer": running.enter_context(web(environment | peer_settings)),
        }
        assert keeper.poll() is None
        requests = requests_of(given)
        report(store, "front door alone", measure(ports, requests))
        command = ["-m", "celery", "-A", "formplatform", "worker", "-c", "1", "-l", "ERROR"]
        running.enter_context(process(environment, *command))
        time.sleep(5)
        report(store, "with a worker counting", measure(ports, requests))


def requests_of(given: dict) -> list[bytes]:
    path = f"/api/v2/forms/{given['form']}/responses/"
    headers = {"Authorization": f"Bearer {given['token']}"}
    bodies = [json.dumps({"answers": answers}).encode() for answers in given["answers"]]
    return [
        request_bytes(path, bodies[number % len(bodies)], headers) for number in range(REQUESTS)
    ]


def measure(ports: dict[str, int], requests: list[bytes]) -> Sample:
    for port in ports.values():
        run_load(port, requests[:WARM_UP], clients=CLIENTS)
    sample: Sample = {side: [] for side in ports}
    for number in range(ROUNDS):
        for side, port in sorted(ports.items(), reverse=bool(number % 2)):
            load = run_load(port, requests, clients=CLIENTS)
            assert set(load.statuses) == {201}, load.statuses
            sample[side].append(load)
    return sample


def report(store: str, case: str, sample: Sample) -> None:
    print(f"\n{store}, {case}")
    print(f"{'':12}{'accepted/s':>12}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}")
    for side, loads in sample.items():
        every = [latency for load in loads for latency in load.latencies]
        rate = statistics.median(load.rate for load in loads)
        places = [percentile(every, percent) * 1000 for percent in (50, 95, 99)]
        print(f"{side:12}{rate:>12,.0f}" + "".join(f"{place:>9.2f}" for place in places))
    ratios = [p.rate / q.rate for p, q in zip(sample["platform"], sample["peer"], strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"{'ratio':12}{middle:>12.2f}   (half of the rounds: {low:.2f} to {high:.2f})")


def run(environment: dict[str, str], *command: str) -> str:
    finished = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        sys.exit(f"{' '.join(command[:3])} failed:\n{finished.stderr}")
    return finished.stdout.strip().splitlines()[-1] if finished.stdout.strip() else ""


@contextlib.contextmanager
def process(environment: dict[str, str], *command: str) -> Iterator[subprocess.Popen]:
    """A process with its input left open, ended with the block."""
    started = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()


@contextlib.contextmanager
def web(environment: dict[str, str]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port = chosen.getsockname()[1]
    command = ["-m", "gunicorn", "formplatform.wsgi", "-k", "gthread", "-w", "2", "--threads", "8"]
    options = ["-b", f"127.0.0.1:{port}", "--keep-alive", "30", "--log-level", "error"]
    with process(environment, *command, *options):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        time.sleep(1)
        yield port


if __name__ == "__main__":
    sys.exit(main())
