"""A message on its way: enqueued once, sent on the promised schedule, written down."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
import svix.webhooks
import time_machine

from formplatform.core import clock
from formplatform.core.errors import UnavailableError
from formplatform.core.publishing import publish
from formplatform.forms.catalog import create_form
from formplatform.forms.events import ResponseSubmitted
from formplatform.forms.owed import events_of_responses
from formplatform.forms.publishing import publish_form
from formplatform.forms.responses import delete_response, edit_response
from formplatform.forms.storage.registry import get_store
from formplatform.forms.submissions import submit_response
from integrations.webhooks import delivery, endpoints
from integrations.webhooks.models import Attempt, Delivery, Event, Omission, Payload, Webhook
from integrations.webhooks.sending import claims, outcomes
from integrations.webhooks.tasks import deliver_due
from integrations.webhooks.writing.messages import render_payloads
from integrations.webhooks.writing.renderings import FULL
from tests.fakes.receiver import OK, Receiver, Reply
from tests.subscriptions import make_due

pytestmark = pytest.mark.usefixtures("loopback")

ME = uuid.uuid4()
START = datetime(2026, 1, 9, 12, tzinfo=UTC)


def deliver():
    deliver_due.delay()


def publish_again(response):
    """What happens when a worker dies between publishing and writing that down."""
    publish(list(events_of_responses([replace(response, dispatched_revision=0)])))


def the_delivery():
    return Delivery.objects.get()


def test_a_submitted_response_reaches_its_endpoint_signed_for_strangers(subscribe, submit):
    with Receiver() as receiver:
        webhook, secret = subscribe(receiver.url(), include_personal_data=True)
        response = submit(name="Ada", vote="yes")
        deliver()
    (request,) = receiver.received
    standardwebhooks.Webhook(secret).verify(request.body, request.headers)
    svix.webhooks.Webhook(secret).verify(request.body, request.headers)
    assert request.headers["webhook-id"] == f"evt_{response.id}_1"
    assert request.headers["x-webhook-id"] == webhook.id
    assert request.headers["x-webhook-attempt"] == "1"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "type": "response.submitted",
        "timestamp": clock.to_text(response.submitted_at),
        "data": {
            "form_id": response.form_id,
            "response_id": response.id,
            "revision": 1,
            "version": 1,
            "answers": {"name": "Ada", "choice_1": "yes"},
            "masked": [],
        },
    }
    assert (the_delivery().status, the_delivery().due_at) == ("delivered", None)
    attempt = Attempt.objects.get()
    assert (attempt.number, attempt.outcome, attempt.status_code, attempt.peer) == (
        1,
        "delivered",
        200,
        "127.0.0.1",
    )
    assert attempt.response == "ok"
    assert attempt.duration_ms is not None


def test_personal_answers_are_masked_unless_the_endpoint_asks_for_them(subscribe, submit):
    with Receiver() as open_one, Receiver() as masked_one:
        subscribe(open_one.url(), include_personal_data=True)
        subscribe(masked_one.url())
        submit(name="Ada", age=36)
        deliver()
    data = json.loads(open_one.received[0].body)["data"]
    assert (data["answers"], data["masked"]) == ({"name": "Ada", "age": 36}, [])
    data = json.loads(masked_one.received[0].body)["data"]
    assert (data["answers"], data["masked"]) == ({"name": None, "age": 36}, ["name"])
    assert b"Ada" not in masked_one.received[0].body


def test_what_is_calculated_from_personal_answers_is_masked_too(actor, subscribe):
    doubled = {
        "fields": [
            {"id": "pay", "type": "number", "pii": True},
            {"id": "year", "type": "calculated", "expression": "pay * 12"},
        ]
    }
    form = create_form(actor=actor, title="Pay", definition=doubled)
    publish_form(form, actor=actor)
    with Receiver() as receiver:
        subscribe(receiver.url(), form_id=form.id)
        submit_response(get_store().find_form(form.id), {"pay": 1000}, actor=actor)
        deliver()
    data = json.loads(receiver.received[0].body)["data"]
    assert (data["answers"], data["masked"]) == ({"pay": None, "year": None}, ["pay", "year"])


def test_personal_answers_nobody_asked_for_are_not_stored(subscribe, submit):
    subscribe("https://example.com/hook")
    submit(name="Ada")
    assert [payload.id.rpartition(".")[2] for payload in Payload.objects.all()] == ["masked"]
    assert b"Ada" not in bytes(Payload.objects.get().body)


def test_an_edit_carries_the_answers_of_its_own_revision(subscribe, submit, actor):
    with Receiver() as receiver:
        subscribe(receiver.url(), events=["response.submitted", "response.updated"])
        response = submit(age=36)
        edit_response(response, {"age": 37}, actor=actor)
        deliver()
    bodies = {b["type"]: b["data"] for b in (json.loads(r.body) for r in receiver.received)}
    assert bodies["response.submitted"]["answers"] == {"age": 36}
    assert bodies["response.updated"]["answers"] == {"age": 37}
    assert bodies["response.updated"]["revision"] == 2


def lost(**age):
    """An event whose response cannot be read."""
    return ResponseSubmitted(
        id="evt_lost_1",
        occurred_at=clock.to_text(clock.now() - timedelta(**age)),
        form_id="0" * 24,
        response_id="1" * 24,
        revision=1,
        version=1,
    )


def test_an_event_whose_response_cannot_be_read_yet_comes_again():
    with pytest.raises(UnavailableError):
        render_payloads({lost(seconds=5): [FULL]})


def test_an_event_whose_response_is_gone_carries_no_answers():
    ((_, body),) = render_payloads({lost(hours=1): [FULL]}).bodies.items()
    assert json.loads(body)["data"]["answers"] is None


def test_the_same_event_twice_is_one_delivery_with_the_first_bytes(subscribe, submit):
    with Receiver() as receiver:
        subscribe(receiver.url())
        response = submit(vote="yes")
        publish_again(response)
        deliver()
        publish_again(response)
        deliver()
    assert receiver.ids() == [f"evt_{response.id}_1"]
    assert (Event.objects.count(), Payload.objects.count(), Delivery.objects.count()) == (1, 1, 1)


def test_endpoints_get_what_they_asked_for_of_their_own_forms(subscribe, submit):
    with Receiver() as all_forms, Receiver() as this_form, Receiver() as another, Receiver() as no:
        subscribe(all_forms.url(), form_id="")
        subscribe(this_form.url())
        subscribe(another.url(), form_id="0" * 24)
        subscribe(no.url(), events=["response.deleted"])
        submit()
        deliver()
    assert [len(r.received) for r in (all_forms, this_form, another, no)] == [1, 1, 0, 0]


def test_an_endpoint_for_all_forms_gets_none_of_another_owners(
    subscribe, submit, survey, django_user_model
):
    stranger = django_user_model.objects.create_user("stan")
    with Receiver() as receiver:
        webhook, _ = subscribe(receiver.url(), form_id="")
        Webhook.objects.filter(pk=webhook.pk).update(owner=stranger)
        submit()
        deliver()
    assert receiver.received == []


def test_a_deletion_and_a_publication_carry_no_answers(subscribe, submit, survey, actor):
    with Receiver() as receiver:
        subscribe(receiver.url(), events=["response.deleted", "form.published"])
        response = submit()
        delete_response(response, actor=actor)
        publish_form(survey, actor=actor)
        deliver()
    bodies = {b["type"]: b["data"] for b in (json.loads(r.body) for r in receiver.received)}
    assert bodies == {
        "response.deleted": {
            "form_id": survey.id,
            "response_id": response.id,
            "revision": 2,
            "version": 1,
        },
        "form.published": {"form_id": survey.id, "version": 2},
    }


def test_attempts_come_exactly_when_they_were_promised_then_the_dead_letter(subscribe, submit):
    with Receiver(Reply(500, b"down")) as receiver, time_machine.travel(START, tick=False) as now:
        subscribe(receiver.url())
        submit()
        offsets = []
        while (due_at := the_delivery().due_at) is not None:
            now.move_to(due_at - timedelta(milliseconds=1))
            deliver()
            assert len(receiver.received) == len(offsets), "a millisecond too early"
            now.move_to(due_at)
            deliver()
            offsets.append((due_at - START).total_seconds())
        ended = the_delivery()
    assert offsets == [0, 1, 6, 36, 336, 2136]
    assert len(receiver.received) == 6
    assert (ended.status, ended.dead_reason, ended.attempt_no) == ("dead", "exhausted", 6)
    assert ended.last_error == "The receiver answered 500."
    assert len(set(receiver.ids())) == 1
    assert [r.headers["x-webhook-attempt"] for r in receiver.received] == list("123456")
    assert len({r.body for r in receiver.received}) == 1
    stamps = [int(r.headers["webhook-timestamp"]) for r in receiver.received]
    assert [stamp - START.timestamp() for stamp in stamps] == offsets
    assert [a.outcome for a in Attempt.objects.all()] == ["failed"] * 6


def test_fewer_attempts_can_be_configured(subscribe, submit, settings):
    settings.WEBHOOK_MAX_RETRIES = 2
    with Receiver(Reply(503)) as receiver, time_machine.travel(START, tick=False) as now:
        subscribe(receiver.url())
        submit()
        deliver()
        now.shift(1)
        deliver()
        now.shift(10_000)
        deliver()
    assert len(receiver.received) == 2
    assert the_delivery().status == "dead"


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 408, 429, 500, 503])
def test_whatever_is_not_2xx_is_tried_again(subscribe, submit, status):
    receiver = Receiver(Reply(status, headers={"Location": "/"}), OK)
    with receiver, time_machine.travel(START, tick=False) as now:
        subscribe(receiver.url())
        submit()
        deliver()
        assert the_delivery().status == "pending"
        assert the_delivery().due_at == START + timedelta(seconds=1)
        now.shift(1)
        deliver()
    assert the_delivery().status == "delivered"
    assert [a.status_code for a in Attempt.objects.all()] == [status, 200]


def test_retry_after_is_waited_for(subscribe, submit):
    receiver = Receiver(Reply(429, headers={"Retry-After": "90"}), OK)
    with receiver, time_machine.travel(START, tick=False):
        subscribe(receiver.url())
        submit()
        deliver()
    assert the_delivery().due_at == START + timedelta(seconds=90)


def test_gone_disables_the_endpoint_and_keeps_what_waited(subscribe, submit):
    with Receiver(Reply(410)) as receiver:
        webhook, _ = subscribe(receiver.url())
        submit()
        deliver()
        submit()
        deliver()
    webhook.refresh_from_db()
    assert (webhook.status, webhook.disabled_reason) == ("disabled", "gone")
    assert len(receiver.received) == 1
    assert (the_delivery().status, the_delivery().dead_reason) == ("dead", "gone")


def test_a_disabled_endpoint_gets_nothing_and_its_waiting_messages_are_dead_letters(
    subscribe, submit
):
    with Receiver(Reply(500), OK) as receiver:
        webhook, _ = subscribe(receiver.url())
        submit()
        deliver()
        endpoints.disable(webhook.pk, reason=Webhook.DisabledReason.BY_OWNER)
        submit()
        deliver()
        assert len(receiver.received) == 1
        assert (the_delivery().status, the_delivery().dead_reason) == ("dead", "disabled")
        webhook.refresh_from_db()
        assert endpoints.enable(webhook, replay=True) == 2
        deliver()
    assert len(receiver.received) == 3
    assert {each.status for each in Delivery.objects.all()} == {"delivered"}


def test_what_came_before_its_endpoint_was_disabled_has_no_reason_why_not_when_it_comes_again(
    subscribe, submit
):
    with Receiver() as receiver:
        webhook, _ = subscribe(receiver.url())
        before = submit()
        deliver()
        endpoints.disable(webhook.pk, reason=Webhook.DisabledReason.BY_OWNER)
        after = submit()
        publish_again(before)
        publish_again(after)
    assert the_delivery().event_id == f"evt_{before.id}_1"
    reasons = list(Omission.objects.values_list("event_id", "reason"))
    assert reasons == [(f"evt_{after.id}_1", "disabled")]


def test_an_endpoint_that_is_disabled_during_the_call_gets_no_second_one(subscribe, submit):
    with Receiver(Reply(500)) as receiver:
        webhook, _ = subscribe(receiver.url())
        submit()
        (run,) = claims.take(ME, room=10, in_flight={})
        endpoints.disable(webhook.pk, reason=Webhook.DisabledReason.BY_OWNER)
        outcomes.record(delivery.send_run(run), courier=ME, in_flight={})
        with time_machine.travel(clock.now() + timedelta(hours=1)):
            deliver()
    assert len(receiver.received) == 1
    assert (the_delivery().status, the_delivery().dead_reason) == ("dead", "disabled")


def test_a_deleted_endpoint_gets_nothing_and_loses_its_secrets(subscribe, submit):
    with Receiver() as receiver:
        webhook, _ = subscribe(receiver.url())
        submit()
        endpoints.delete_webhook(webhook)
        deliver()
        submit()
        deliver()
    assert receiver.received == []
    assert webhook.secrets.count() == 0
    assert the_delivery().status == "dead"


def test_a_target_that_is_refused_is_a_dead_letter_at_once(subscribe, submit, names):
    names["inside.example"] = ["10.0.0.7"]
    subscribe("http://inside.example/hook?token=hush")
    submit()
    deliver()
    assert (the_delivery().status, the_delivery().dead_reason) == ("dead", "refused")
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.error_code) == ("failed", "private_address")
    assert "10.0.0.7" not in attempt.error


def test_nobody_there_is_tried_again(subscribe, submit, names):
    subscribe("https://nobody.example/hook?token=hush")
    submit()
    deliver()
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.status_code, attempt.error_code) == ("failed", None, "dns")
    assert "hush" not in attempt.error + the_delivery().last_error
    assert the_delivery().status == "pending"


def test_a_changed_url_is_where_the_next_attempt_goes(subscribe, submit):
    with Receiver(Reply(500)) as before, Receiver() as after:
        webhook, _ = subscribe(before.url())
        submit()
        deliver()
        endpoints.update_webhook(
            webhook, endpoints.EndpointForm(url=after.url(), events=webhook.events)
        )
        make_due()
        deliver()
    assert before.ids() == after.ids()
