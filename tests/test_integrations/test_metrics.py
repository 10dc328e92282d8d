"""What Prometheus is told of the queue."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from integrations.webhooks import endpoints
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Webhook
from integrations.webhooks.queue import doorbell
from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import OK, Receiver, Reply

pytestmark = pytest.mark.usefixtures("loopback")

START = datetime(2026, 1, 9, 12, tzinfo=UTC)
PREFIX = "formplatform_webhook_"


def scrape(client):
    """Our families as a scrape sees them: name with labels → value."""
    lines = client.get("/metrics").text.splitlines()
    pairs = (line.rpartition(" ") for line in lines if line.startswith("formplatform_"))
    found = {name.removeprefix(PREFIX): float(value) for name, _, value in pairs}
    return {name: value for name, value in found.items() if not name.endswith("_created")}


def test_waiting_messages_and_the_age_of_the_oldest_due_one(subscribe, submit, client, monkeypatch):
    monkeypatch.setattr(doorbell, "_ring", lambda: None)
    with time_machine.travel(START, tick=False) as now:
        subscribe("https://example.com/hook")
        submit()
        now.shift(7)
        submit()
        now.shift(5)
        told = scrape(client)
    assert told['messages{state="waiting"}'] == 2
    assert told['messages{state="dead"}'] == 0
    assert told["oldest_due_seconds"] == 12


def test_what_its_endpoint_holds_up_is_not_late(subscribe, submit, client, monkeypatch):
    monkeypatch.setattr(doorbell, "_ring", lambda: None)
    with time_machine.travel(START, tick=False) as now:
        subscribe("https://example.com/hook")
        submit()
        Lane.objects.update(paused_until=START + timedelta(hours=1))
        now.shift(60)
        deliver_due.delay()
        told = scrape(client)
    assert told['messages{state="waiting"}'] == 1
    assert told["oldest_due_seconds"] == 0
    assert told["lanes_paused"] == 1


def test_attempts_are_counted_by_outcome_and_outlast_their_rows(
    subscribe, submit, client, settings
):
    settings.WEBHOOK_MAX_RETRIES = 1
    with Receiver(OK, Reply(400), OK) as receiver:
        subscribe(receiver.url())
        for _ in range(3):
            submit()
            deliver_due.delay()
    Webhook.objects.get().deliveries.all().delete()
    told = scrape(client)
    assert told['attempts_total{outcome="delivered"}'] == 2
    assert told['attempts_total{outcome="failed"}'] == 1
    assert told["dead_letters_total"] == 1


def test_dead_letters_of_a_disabled_endpoint_are_counted(subscribe, submit, client, monkeypatch):
    with Receiver(Reply(410)) as receiver:
        gone, _ = subscribe(receiver.url(), ordering="endpoint")
        off, _ = subscribe("https://example.com/hook")
        monkeypatch.setattr(doorbell, "_ring", lambda: None)
        submit()
        submit()
        endpoints.disable(off.pk, reason=Webhook.DisabledReason.BY_OWNER)
        deliver_due.delay()
    assert set(gone.deliveries.values_list("dead_reason", flat=True)) == {"gone", "disabled"}
    assert [Lane.objects.get(pk=each.pk).dead_total for each in (gone, off)] == [2, 2]
    assert scrape(client)["dead_letters_total"] == 4


def test_breakers_are_counted_for_enabled_endpoints(subscribe, client):
    for _ in range(3):
        webhook, _ = subscribe("https://example.com/hook")
    endpoints.disable(webhook.pk, reason=Webhook.DisabledReason.BY_OWNER)
    Lane.objects.filter(pk=Webhook.objects.exclude(pk=webhook.pk)[0].pk).update(breaker="open")
    told = scrape(client)
    assert told['lanes{breaker="open"}'] == 1
    assert told['lanes{breaker="closed"}'] == 1
    assert told['lanes{breaker="half_open"}'] == 0
    assert told['formplatform_state_readable{part="webhooks"}'] == 1


def test_a_scrape_asks_the_database_six_questions(subscribe, submit, client):
    subscribe("https://example.com/hook")
    with CaptureQueriesContext(connection) as asked:
        scrape(client)
    assert len(asked) == 6


def test_a_database_that_does_not_answer_leaves_the_other_metrics(client):
    def refuse(*_):
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(refuse):
        answer = client.get("/metrics")
    assert answer.status_code == 200
    assert 'formplatform_state_readable{part="webhooks"} 0.0' in answer.text
    assert "python_info" in answer.text
    assert "formplatform_webhook_messages" not in answer.text
