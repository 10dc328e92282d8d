"""Nothing is lost and nothing counted twice, whoever dies.

8 clients submit 5,000 responses over HTTP to a real platform (web, worker, beat, Valkey) while the
worker and Valkey are killed with -9 five times each. Afterwards the store, the live numbers and a
webhook's receiver must each know all 5,000, exactly.
"""

import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable

from boot import progress
from tests.soak.options import read_options

RESPONSES = 5_000
CLIENTS = 8
KILLS = 5
PAUSE_SECONDS = (1.0, 3.0)
PATIENCE_SECONDS = 600.0
DEFINITION = {
    "fields": [
        {"id": "number", "type": "integer", "label": "Number", "required": True},
        {"id": "colour", "type": "choice", "label": "Colour", "options": ["Red", "Green", "Blue"]},
    ]
}


def main() -> int:
    read_options(__doc__)
    with tempfile.TemporaryDirectory(prefix="fp-soak-") as directory:
        os.environ.update(
            DATA_DIRECTORY=directory,
            DJANGO_SETTINGS_MODULE="formplatform.settings.local",
            OUTBOUND_ALLOWED_NETWORKS="127.0.0.0/8",
            ENV_FILE="/dev/null",
        )
        import django

        django.setup()
        return soak()


def soak() -> int:
    from formplatform.core.embedded import ensure_stores
    from formplatform.core.preparation import prepare
    from formplatform.core.stack import running_stack
    from formplatform.demo.receiver import Receiver

    ensure_stores()
    prepare()
    with running_stack(0) as (supervisor, port), Receiver() as receiver:
        run = Soak(port, receiver)
        started = time.monotonic()
        killer = Killer(supervisor)
        run.submit_everything(alongside=killer)
        submitted = time.monotonic() - started
        facts = run.settle()
        settled = time.monotonic() - started
    print(f"{RESPONSES} responses, {CLIENTS} clients, seed {killer.seed}")
    print(f"{'kills':34}{', '.join(f'{n} {name}' for name, n in killer.killed.items())}")
    print(f"{'client retries':34}{run.retries}")
    print(f"{'submitted after':34}{submitted:.0f} s; all settled after {settled:.0f} s")
    for name, (found, expected) in facts.items():
        print(
            f"{name:34}{found:>8}  expected {expected:>8}  {'ok' if found == expected else 'WRONG'}"
        )
    return 0 if all(found == expected for found, expected in facts.values()) else 1


class Killer(threading.Thread):
    """Kills the worker and Valkey in turns, at random moments."""

    def __init__(self, supervisor) -> None:
        super().__init__(daemon=True)
        self.supervisor = supervisor
        self.seed = random.randrange(10**6)
        self.random = random.Random(self.seed)
        self.killed = {"worker": 0, "valkey": 0}

    def run(self) -> None:
        while min(self.killed.values()) < KILLS:
            time.sleep(self.random.uniform(*PAUSE_SECONDS))
            victim = min(self.killed, key=lambda name: self.killed[name])
            pid = self._pid(victim)
            if pid is not None:
                os.kill(pid, 9)
                self.killed[victim] += 1

    def _pid(self, victim: str) -> int | None:
        from redis.exceptions import RedisError

        from formplatform.core.connections import numbers

        if victim == "worker":
            return self.supervisor.pids().get("worker")
        try:
            return int(numbers().info("server")["process_id"])
        except RedisError:
            return None


class Soak:
    """The clients, and what must hold in the end."""

    def __init__(self, port: int, receiver) -> None:
        from django.contrib.auth.models import User

        from formplatform.core.api_keys import SCOPES, create_key
        from formplatform.demo.client import Client

        owner = User.objects.filter(is_superuser=True).earliest("pk")
        _, token = create_key(owner, name="soak", scopes=SCOPES)
        self.client = Client("127.0.0.1", port, token)
        self.receiver = receiver
        self.retries = 0
        self.ids: set[str] = set()
        form = self._patiently(
            lambda: self.client.post("/forms/", {"title": "Soak", "definition": DEFINITION})
        )
        self.form_id = form["id"]
        self._patiently(lambda: self.client.post(f"/forms/{self.form_id}/publish/", {}))
        webhook = self._patiently(
            lambda: self.client.post(
                "/webhooks/",
                {"url": receiver.url, "form_id": self.form_id, "events": ["response.submitted"]},
            )
        )
        receiver.secret = webhook["secret"]

    def submit_everything(self, *, alongside: threading.Thread) -> None:
        alongside.start()
        threads = [
            threading.Thread(target=self._submit, args=(range(k, RESPONSES, CLIENTS), alongside))
            for k in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        alongside.join(300)

    def _submit(self, numbers: range, killer: threading.Thread) -> None:
        for number in numbers:
            body = {"answers": {"number": number, "colour": ["red", "green", "blue"][number % 3]}}
            answer = self._patiently(
                lambda body=body, number=number: self.client.post(
                    f"/forms/{self.form_id}/responses/", body, Idempotency_Key=f"soak-{number}"
                )
            )
            self.ids.add(answer["id"])
            if killer.is_alive():
                time.sleep(0.02)  # so that the kills fall among the submissions, not after them

    def _patiently(self, call: Callable[[], object]):
        """Repeat through 503s and broken connections, as a client should."""
        from http.client import HTTPException

        from formplatform.demo.client import CallError

        for attempt in range(60):
            try:
                return call()
            except (OSError, HTTPException) as error:
                last: Exception = error
            except CallError as error:
                if " answered 503" not in str(error):
                    raise
                last = error
            self.retries += 1
            time.sleep(min(2.0, 0.1 * 2**attempt))
        raise last

    def settle(self) -> dict[str, tuple[int, int]]:
        """Wait until everything has arrived, then a little, so that a surplus would show."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and not self._has_arrived():
            time.sleep(1)
        progress("")
        time.sleep(5)
        return self._facts()

    def _has_arrived(self) -> bool:
        facts = self._facts()
        progress(", ".join(f"{name}: {found}" for name, (found, _) in facts.items()))
        return all(found == expected for found, expected in facts.values())

    def _facts(self) -> dict[str, tuple[int, int]]:
        from formplatform.forms.storage.registry import get_store

        path = f"/analytics/forms/{self.form_id}"
        metrics = self._patiently(lambda: self.client.get(f"{path}/metrics/"))
        colours = self._patiently(lambda: self.client.get(f"{path}/fields/colour/distribution/"))
        coloured = sum(value["count"] for value in colours["values"])
        named = {m["data"]["response_id"] for m in list(self.receiver.messages.values())}
        return {
            "responses stored": (get_store().count_responses(self.form_id), RESPONSES),
            "ids clients were given": (len(self.ids), RESPONSES),
            "metrics: total_responses": (metrics["total_responses"], RESPONSES),
            "distribution: sum over options": (coloured, RESPONSES),
            "webhook ids received": (len(self.receiver.messages), RESPONSES),
            "responses named by webhooks": (len(named & self.ids), RESPONSES),
        }


if __name__ == "__main__":
    sys.exit(main())
