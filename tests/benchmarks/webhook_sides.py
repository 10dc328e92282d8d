"""One side of the webhooks' benchmark, in a process of its own: ``… peer FILE`` or ``… ours FILE``.

The file names the endpoints (tests/benchmarks/bench_webhooks.py writes it). Each line that is read
is JSON, `{"do": NAME, …}`; each answer is a line of JSON with `seconds` and `cpu_seconds`.
"""

import hashlib
import hmac
import json
import resource
import sys
import time
import uuid
from pathlib import Path

import django

django.setup()

import psutil  # noqa: E402 - after django.setup
import requests  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection, models  # noqa: E402

from formplatform.core import clock  # noqa: E402
from formplatform.core.events import event_from  # noqa: E402
from integrations.webhooks.courier import Courier  # noqa: E402
from integrations.webhooks.intake import enqueue_deliveries  # noqa: E402
from integrations.webhooks.lane_models import Lane  # noqa: E402
from integrations.webhooks.models import Delivery, Webhook  # noqa: E402
from integrations.webhooks.queue import doorbell  # noqa: E402
from integrations.webhooks.sending import claims, outcomes  # noqa: E402
from integrations.webhooks.sending.jobs import Result  # noqa: E402

doorbell.connect(lambda: None)


class PeerAttempt(models.Model):
    """The peer's record of a call."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="+")
    attempt_number = models.IntegerField()
    payload = models.JSONField()
    started_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)
    status_code = models.IntegerField(null=True)
    response_body = models.TextField(blank=True)
    succeeded = models.BooleanField(null=True)
    error_message = models.TextField(blank=True)

    class Meta:
        app_label = "integrations"

    def __str__(self) -> str:
        return f"{self.webhook_id}: {self.status_code}"


class Peer:
    """One task after the other, each as a prefork process would run it, successes only."""

    def __init__(self, told: dict) -> None:
        self.told = told
        with connection.schema_editor() as editor:
            editor.create_model(PeerAttempt)

    def deliver(self, *, messages: list[dict], group: str) -> int:
        hooks = self.told["groups"][group]
        for number, payload in enumerate(messages):
            hook = hooks[number % len(hooks)]
            self._deliver_webhook(hook["id"], payload, hook["secret"])
        return len(messages)

    def _deliver_webhook(self, webhook_id: str, payload: dict, secret: str) -> None:
        webhook = Webhook.objects.get(id=webhook_id)
        signed = json.dumps(payload, sort_keys=True).encode()
        signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Webhook-Signature": signature,
            "X-Webhook-ID": webhook_id,
            "X-Webhook-Attempt": "1",
        }
        attempt = PeerAttempt(
            webhook=webhook, attempt_number=1, payload=payload, started_at=clock.now()
        )
        response = requests.post(
            webhook.url, json=payload, headers=headers, timeout=10, verify=self.told["authority"]
        )
        attempt.status_code = response.status_code
        attempt.response_body = response.text[:1000]
        attempt.succeeded = response.ok
        attempt.completed_at = clock.now()
        attempt.save()
        assert attempt.succeeded, response.status_code


class Ours:
    """A courier with the concurrency of a deployment, over rows that were made beforehand."""

    def __init__(self, told: dict) -> None:
        self.told = told

    def enqueue(self, *, events: list[dict]) -> int:
        return enqueue_deliveries([event_from(event) for event in events])

    def deliver(self, *, group: str) -> int:
        """Everything that waits, which is all to one group."""
        waiting = Delivery.objects.filter(due_at__isnull=False).count()
        Courier(hands=settings.WEBHOOK_CONCURRENCY).run_until_idle()
        done = Delivery.objects.filter(status="delivered").count()
        assert not Delivery.objects.exclude(status="delivered").exists(), (group, done)
        return waiting

    def forget(self) -> int:
        """Leave the tables as they were, but for the lanes' health."""
        return Delivery.objects.all().delete()[0]

    def claim(self, *, ordering: str) -> int:
        """Take up and write down everything that waits, without a call."""
        Webhook.objects.update(ordering=ordering)
        Lane.objects.update(window=8)
        me, number = uuid.uuid4(), 0
        while runs := claims.take(me, room=settings.WEBHOOK_CONCURRENCY, in_flight={}):
            now = clock.now()
            results = [
                Result(job=job, started_at=now, at=now, delivered=True)
                for run in runs
                for job in run.jobs
            ]
            outcomes.record(results, courier=me, in_flight={})
            number += len(results)
        assert not Delivery.objects.filter(due_at__isnull=False).exists()
        return number


def measure(side: Peer | Ours, order: dict) -> dict:
    act = getattr(side, order.pop("do"))
    rss, peak = psutil.Process().memory_info().rss, peak_bytes()
    started, cpu = time.perf_counter(), time.process_time()
    count = act(**order)
    return {
        "count": count,
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - cpu,
        "rss_bytes": psutil.Process().memory_info().rss - rss,
        "peak_bytes": peak_bytes() - peak,
    }


def peak_bytes() -> int:
    """The most this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    told = json.loads(Path(sys.argv[2]).read_text())
    side = Peer(told) if sys.argv[1] == "peer" else Ours(told)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(measure(side, json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
