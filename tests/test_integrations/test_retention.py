"""Forgetting what is old, and the copies of what was deleted; never what is on its way."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from formplatform.core import clock
from formplatform.core.errors import ConflictError
from formplatform.forms.responses import delete_response, edit_response
from integrations.webhooks.models import Attempt, Delivery, Event, Omission, Payload, Webhook
from integrations.webhooks.queue import doorbell
from integrations.webhooks.repeating import replays
from integrations.webhooks.tasks import deliver_due, prune
from integrations.webhooks.tending import retention
from integrations.webhooks.tending.erasure import ERASED, erase_deleted
from tests.fakes.receiver import OK, Receiver, Reply

pytestmark = pytest.mark.usefixtures("loopback")

URL = "https://example.com/hook"


@pytest.fixture(autouse=True)
def silent_bell(monkeypatch):
    """Nothing is sent unless a test says so."""
    monkeypatch.setattr(doorbell, "_ring", lambda: None)


def finish(status, *, days, **facts):
    """Every delivery that is on its way ended so many days ago."""
    at = clock.now() - timedelta(days=days)
    found = Delivery.objects.filter(due_at__isnull=False)
    for delivery in found:
        Attempt.objects.create(delivery=delivery, number=1, started_at=at)
    found.update(status=status, due_at=None, finished_at=at, attempt_no=1, **facts)
    Event.objects.filter(created_at__gt=at).update(created_at=at)
    Omission.objects.filter(created_at__gt=at).update(created_at=at)


def rows():
    models = (Delivery, Attempt, Payload, Event, Omission)
    return tuple(model.objects.count() for model in models)


def test_what_was_delivered_goes_after_thirty_days_with_all_that_belonged_to_it(subscribe, submit):
    subscribe(URL)
    subscribe(URL, events=["response.deleted"])
    submit()
    finish("delivered", days=31)
    assert rows() == (1, 1, 1, 1, 1)
    prune.delay()
    assert rows() == (0, 0, 0, 0, 0)


def test_what_is_younger_stays(subscribe, submit, settings):
    subscribe(URL)
    submit()
    finish("delivered", days=29)
    prune.delay()
    assert rows() == (1, 1, 1, 1, 0)
    settings.WEBHOOK_RETENTION_DAYS = 28
    prune.delay()
    assert rows() == (0, 0, 0, 0, 0)


def test_dead_letters_stay_for_ninety_days_with_their_bytes(subscribe, submit):
    subscribe(URL)
    submit()
    finish("dead", days=89, dead_reason="exhausted")
    prune.delay()
    assert rows() == (1, 1, 1, 1, 0)
    Delivery.objects.update(finished_at=clock.now() - timedelta(days=91))
    prune.delay()
    assert rows() == (0, 0, 0, 0, 0)


def test_nothing_unfinished_goes_however_old(subscribe, submit):
    subscribe(URL)
    submit()
    submit()
    long_ago = clock.now() - timedelta(days=400)
    Delivery.objects.update(created_at=long_ago, due_at=long_ago, finished_at=long_ago)
    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(status="sending")
    Event.objects.update(created_at=long_ago)
    prune.delay()
    assert rows() == (2, 0, 2, 2, 0)


def test_bytes_go_once_nobody_points_to_them_though_their_event_stays(subscribe, submit):
    subscribe(URL)
    full, _ = subscribe(URL, include_personal_data=True)
    submit()
    Delivery.objects.filter(webhook=full).update(
        status="dead", due_at=None, finished_at=clock.now()
    )
    finish("delivered", days=31)
    prune.delay()
    assert rows() == (1, 0, 1, 1, 0)
    assert Payload.objects.get() == Delivery.objects.get().payload


def test_a_dry_run_counts_and_changes_nothing(subscribe, submit):
    subscribe(URL)
    submit()
    finish("delivered", days=31)
    said = StringIO()
    call_command("prune_webhooks", "--dry-run", stdout=said)
    assert said.getvalue() == (
        "would be forgotten: 1 deliveries, 0 omissions, 0 payloads, 0 events, 0 notices\n"
    )
    assert rows() == (1, 1, 1, 1, 0)
    call_command("prune_webhooks", stdout=said, stderr=StringIO())
    assert said.getvalue().endswith(
        "\nforgotten: 1 deliveries, 0 omissions, 1 payloads, 1 events, 0 notices\n"
    )
    assert rows() == (0, 0, 0, 0, 0)


def test_forgetting_goes_in_batches_and_stops_when_its_time_is_over(subscribe, submit, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    subscribe(URL)
    for _ in range(5):
        submit()
    finish("delivered", days=31)
    steps = []
    retention.prune(seconds=1e-9, progress=lambda name, count: steps.append((name, count)))
    assert steps == [("deliveries", 2)]
    assert Delivery.objects.count() == 3
    retention.prune(progress=lambda name, count: steps.append((name, count)))
    assert steps[1:3] == [("deliveries", 2), ("deliveries", 1)]
    assert rows() == (0, 0, 0, 0, 0)


def test_numbers_go_on_after_forgetting(subscribe, submit):
    subscribe(URL)
    submit()
    finish("delivered", days=31)
    prune.delay()
    submit()
    assert Delivery.objects.get().seq == 2


def test_a_deleted_response_takes_the_copies_of_its_answers_along(subscribe, submit, actor):
    with Receiver(Reply(200, b"thanks"), OK) as receiver:
        subscribe(
            receiver.url(),
            events=["response.submitted", "response.updated"],
            include_personal_data=True,
        )
        kept, gone = submit(name="Grace"), submit(name="Ada")
        deliver_due.delay()
        edited = edit_response(gone, {"name": "Ada L."}, actor=actor)
        deliver_due.delay()
        delete_response(edited, actor=actor)
    assert len(receiver.received) == 3
    assert [b"Grace" in bytes(each.body) for each in Payload.objects.all()] == [True]
    for delivery in Delivery.objects.filter(event__response_id=gone.id):
        assert (delivery.payload_id, delivery.status) == (None, "delivered")
        assert delivery.attempts.get().response == ""
        assert delivery.event.data == {}
    assert Delivery.objects.filter(event__response_id=gone.id).count() == 2
    assert Delivery.objects.get(event__response_id=kept.id).payload is not None


def test_a_dead_letter_of_a_deleted_response_is_never_sent_again(subscribe, submit, actor):
    webhook, _ = subscribe(URL, include_personal_data=True)
    response = submit(name="Ada")
    finish("dead", days=1, dead_reason="exhausted")
    delete_response(response, actor=actor)
    dead = Delivery.objects.get()
    assert (dead.status, dead.payload_id, dead.last_error) == ("dead", None, ERASED)
    assert replays.replay(Delivery.objects.filter(webhook=webhook)) == 0
    with pytest.raises(ConflictError, match="The response was deleted"):
        replays.redeliver(dead)
    assert Payload.objects.count() == 0
    assert Delivery.objects.get().status == "dead"


def test_what_was_on_its_way_goes_out_and_is_erased_when_it_is_finished(subscribe, submit, actor):
    with Receiver() as receiver:
        subscribe(receiver.url(), events=["response.submitted", "response.deleted"])
        response = submit(age=36)
        delete_response(response, actor=actor)
        deliver_due.delay()
    assert [b'"age":36' in each.body for each in receiver.received].count(True) == 1
    assert erase_deleted() == 1
    assert erase_deleted() == 0
    bodies = {each.event.type: each.payload_id for each in Delivery.objects.select_related("event")}
    assert bodies["response.submitted"] is None
    assert bodies["response.deleted"] is not None
    assert Webhook.objects.get().is_enabled
