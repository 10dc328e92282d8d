"""What an endpoint missed while it was disabled: sent after all, once, behind what is new."""

import json
from datetime import timedelta

import pytest
import time_machine
from rest_framework.test import APIClient

from formplatform.core import clock
from formplatform.core.api_keys import SCOPES, create_key
from formplatform.forms.responses import edit_response
from integrations.webhooks import endpoints
from integrations.webhooks.models import Delivery, Omission, Webhook
from integrations.webhooks.repeating import missed
from integrations.webhooks.tasks import catch_up, deliver_due
from tests.fakes.receiver import Receiver

URL = "https://example.com/hook"
BY_OWNER = Webhook.DisabledReason.BY_OWNER


def deliver():
    deliver_due.delay()


def enable(webhook, **options):
    webhook.refresh_from_db()
    return endpoints.enable(webhook, **options)


@pytest.mark.usefixtures("loopback")
def test_enabling_with_replay_sends_the_dead_letters_and_what_was_left_out(
    subscribe, submit, actor
):
    with Receiver() as receiver:
        webhook, _ = subscribe(receiver.url(), events=["response.submitted", "response.updated"])
        first = submit(age=1)
        endpoints.disable(webhook.pk, reason=BY_OWNER)
        second = submit(age=2)
        edit_response(second, {"age": 3}, actor=actor)
        deliver()
        assert receiver.received == []
        assert enable(webhook, replay=True) == 3
        deliver()
    answers = {
        r.headers["webhook-id"]: json.loads(r.body)["data"]["answers"] for r in receiver.received
    }
    assert answers == {
        f"evt_{first.id}_1": {"age": 1},
        f"evt_{second.id}_1": {"age": 2},
        f"evt_{second.id}_2": {"age": 3},
    }
    assert sorted(r.headers["x-webhook-sequence"] for r in receiver.received) == ["1", "2", "3"]
    assert Omission.objects.count() == 0


def test_asked_twice_it_makes_nothing_twice(subscribe, submit):
    webhook, _ = subscribe(URL)
    endpoints.disable(webhook.pk, reason=BY_OWNER)
    submit()
    assert enable(webhook, replay=True) == 1
    assert enable(webhook, replay=True) == 0
    assert Delivery.objects.get().is_replay


def test_without_replay_what_was_missed_stays_missed(subscribe, submit):
    webhook, _ = subscribe(URL)
    endpoints.disable(webhook.pk, reason=BY_OWNER)
    submit()
    assert enable(webhook) == 0
    assert enable(webhook, replay=True) == 0
    catch_up.delay()
    assert Delivery.objects.count() == 0
    assert Omission.objects.get().reason == "disabled"


def test_an_earlier_time_of_being_disabled_that_was_waived_is_not_sent_later(subscribe, submit):
    webhook, _ = subscribe(URL)
    with time_machine.travel(clock.now(), tick=False) as now:
        endpoints.disable(webhook.pk, reason=BY_OWNER)
        submit()
        enable(webhook)
        now.shift(60)
        endpoints.disable(webhook.pk, reason=BY_OWNER)
        wanted = submit()
        assert enable(webhook, replay=True) == 1
    assert Delivery.objects.get().event_id == f"evt_{wanted.id}_1"


def test_only_the_endpoint_that_is_enabled_gets_them(subscribe, submit):
    one, other = subscribe(URL)[0], subscribe(f"{URL}/2")[0]
    for webhook in (one, other):
        endpoints.disable(webhook.pk, reason=BY_OWNER)
    submit()
    subscribe(f"{URL}/younger")
    assert enable(one, replay=True) == 1
    assert Delivery.objects.get().webhook == one
    assert Omission.objects.get().webhook == other


def test_what_the_endpoint_no_longer_listens_to_is_not_sent_and_says_so(subscribe, submit):
    webhook, _ = subscribe(URL)
    endpoints.disable(webhook.pk, reason=BY_OWNER)
    submit()
    Webhook.objects.filter(pk=webhook.pk).update(events=["form.published"])
    assert enable(webhook, replay=True) == 0
    left = Omission.objects.get()
    assert (left.reason, left.trace) == ("type", {"listens_to": ["form.published"]})


def test_what_does_not_fit_into_the_time_is_sent_by_the_task(subscribe, submit, monkeypatch):
    monkeypatch.setattr(missed, "BATCH", 2)
    webhook, _ = subscribe(URL)
    endpoints.disable(webhook.pk, reason=BY_OWNER)
    for _ in range(5):
        submit()
    assert enable(webhook, replay=True, seconds=0) == 2
    assert missed.missed_by(webhook).count() == 3
    catch_up.delay()
    assert Delivery.objects.count() == 5
    assert sorted(Delivery.objects.values_list("seq", flat=True)) == [1, 2, 3, 4, 5]


def test_what_a_slow_worker_left_out_after_the_endpoint_was_enabled_is_found_by_the_task(
    subscribe, submit
):
    webhook, _ = subscribe(URL)
    endpoints.disable(webhook.pk, reason=BY_OWNER)
    assert enable(webhook, replay=True) == 0
    late = submit()
    delivery = Delivery.objects.get()
    Omission.objects.create(webhook=webhook, event_id=delivery.event_id, reason="disabled")
    delivery.delete()
    catch_up.delay()
    assert Delivery.objects.get().event_id == f"evt_{late.id}_1"
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        catch_up.delay()
    webhook.refresh_from_db()
    assert webhook.disabled_at is None


def test_disabled_again_before_all_was_sent_it_owes_the_rest_at_the_next_time(
    subscribe, submit, monkeypatch
):
    monkeypatch.setattr(missed, "BATCH", 1)
    webhook, _ = subscribe(URL)
    endpoints.disable(webhook.pk, reason=BY_OWNER)
    submit()
    submit()
    assert enable(webhook, replay=True, seconds=0) == 1
    endpoints.disable(webhook.pk, reason=BY_OWNER)
    catch_up.delay()
    assert Delivery.objects.count() == 1
    assert enable(webhook, replay=True) == 2, "the one that became a dead letter, and the rest"
    assert Delivery.objects.filter(status="pending").count() == 2


def test_the_api_says_what_is_sent_and_what_follows(owner, subscribe, submit, monkeypatch):
    monkeypatch.setattr(missed, "BATCH", 1)
    monkeypatch.setattr("integrations.api.webhooks.LONGEST_REPLAY_SECONDS", 0)
    webhook, _ = subscribe(URL)
    endpoints.disable(webhook.pk, reason=BY_OWNER)
    for _ in range(3):
        submit()
    _, token = create_key(owner, name="tests", scopes=SCOPES)
    api = APIClient(headers={"Authorization": f"Bearer {token}"})
    shown = api.get(f"/api/v2/webhooks/{webhook.pk}/").json()
    assert shown["disabled_at"] is not None
    answer = api.post(f"/api/v2/webhooks/{webhook.pk}/enable/", {"replay": True})
    assert answer.json() == {"replayed": 1, "remaining": 2}
    shown = api.get(f"/api/v2/webhooks/{webhook.pk}/").json()
    assert (shown["status"], shown["disabled_at"]) == ("enabled", None)
