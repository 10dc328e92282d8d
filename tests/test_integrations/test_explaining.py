"""Why an endpoint got an event or not: every reason has its code, its words and its answer."""

import io
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from formplatform.core import clock
from formplatform.core.actors import Actor
from formplatform.core.api_keys import create_key
from formplatform.forms.catalog import create_form
from formplatform.forms.ids import new_id
from formplatform.forms.publishing import publish_form
from formplatform.forms.storage.registry import get_store
from formplatform.forms.submissions import submit_response
from integrations.webhooks import endpoints
from integrations.webhooks.explaining.explaining import event_id_of, explain
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Delivery, Event, Omission, Webhook
from integrations.webhooks.repeating import replays
from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import Receiver, Reply
from tests.mail_piles import pile_up
from tests.subscriptions import DEFINITION

URL = "https://example.com/hook"


@pytest.fixture
def why(actor):
    """The codes of an explanation; the last one decides."""

    def why(webhook, event_id, *, asker=actor):
        webhook.refresh_from_db()
        return [step.code for step in explain(webhook, event_id, actor=asker).steps]

    return why


@pytest.fixture
def reader(owner):
    _, token = create_key(owner, name="reader", scopes=["webhooks:read"])
    return APIClient(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)


def event_of(response):
    return event_id_of(response.id, response.revision)


@pytest.mark.usefixtures("loopback")
def test_a_delivered_event_says_when_and_one_given_up_says_why(why, subscribe, submit, settings):
    settings.WEBHOOK_MAX_RETRIES = 1
    with Receiver() as good, Receiver(Reply(500)) as bad:
        one, other = subscribe(good.url())[0], subscribe(bad.url())[0]
        event_id = event_of(submit())
        deliver_due.delay()
    assert why(one, event_id) == ["known", "wanted", "numbered", "delivered"]
    assert why(other, event_id) == ["known", "wanted", "numbered", "last_attempt", "dead_exhausted"]


def test_what_was_left_out_says_why(why, subscribe, submit, actor, django_user_model):
    of_other_type = subscribe(URL, events=["form.published"])[0]
    disabled = subscribe(URL)[0]
    endpoints.disable(disabled.pk, reason=Webhook.DisabledReason.BY_OWNER)
    age = {"field": "age", "op": "gte", "value": 18}
    filtered = subscribe(URL, filter={"all": [age, {"field": "vote", "op": "eq", "value": "yes"}]})
    event_id = event_of(submit(age=7, vote="yes"))
    assert why(of_other_type, event_id) == ["known", "type"]
    assert why(disabled, event_id) == ["known", "disabled"]
    found = explain(filtered[0], event_id, actor=actor)
    assert [step.code for step in found.steps] == [
        "known",
        "filter_clause",
        "filter_clause",
        "filter",
    ]
    assert found.was_sent is False
    assert found.steps[1].text == (
        "filter.all[0]: age gte 18: the answer was 7, so this part does not hold."
    )
    assert found.steps[2].text.endswith("so this part holds.")
    Omission.objects.filter(webhook=disabled).update(reason="forbidden")
    assert why(disabled, event_id) == ["known", "forbidden"]


def test_what_waits_says_for_what(why, subscribe, submit, actor):
    webhook, _ = subscribe(URL)
    event_id = event_of(submit())
    lane = Lane.objects.filter(webhook=webhook)
    later = clock.now() + timedelta(minutes=5)
    Delivery.objects.update(due_at=clock.now(), status="pending")
    Delivery.objects.get().attempts.all().delete()
    lane.update(breaker="closed", lease=None, lease_until=None)

    def held_by(**facts):
        before = lane.values(*facts).get()
        lane.update(**facts)
        try:
            return why(webhook, event_id)[3:]
        finally:
            lane.update(**before)

    assert why(webhook, event_id) == ["known", "wanted", "numbered", "due"]
    assert held_by(breaker="open", breaker_until=later) == ["breaker_open"]
    assert held_by(paused_until=later) == ["paused"]
    assert held_by(lease_until=later) == ["leased"]
    Webhook.objects.update(rate_per_minute=1)
    assert held_by(tokens=0, tokens_at=clock.now()) == ["rate"]
    Webhook.objects.update(rate_per_minute=None)
    Delivery.objects.update(due_at=later)
    assert why(webhook, event_id)[3:] == ["next_attempt"]
    Delivery.objects.update(status="sending")
    assert why(webhook, event_id)[3:] == ["sending"]
    assert explain(webhook, event_id, actor=actor).was_sent is None


def test_what_waits_in_order_names_the_message_it_waits_behind(why, subscribe, submit):
    webhook, _ = subscribe(URL)
    first, second = submit(), submit()
    Delivery.objects.update(due_at=clock.now(), status="pending")
    Lane.objects.update(breaker="closed", lease_until=None)
    assert "behind_message" not in why(webhook, event_of(second))
    Webhook.objects.update(ordering="endpoint")
    assert why(webhook, event_of(second))[-1] == "behind_message"
    assert "behind_message" not in why(webhook, event_of(first))
    Webhook.objects.update(ordering="key")
    assert "behind_message" not in why(webhook, event_of(second))


def test_a_replay_says_that_new_messages_go_first(why, subscribe):
    webhook, _ = subscribe(URL)
    (pk,) = pile_up(webhook, 1)
    Lane.objects.update(lease_until=None)
    replays.redeliver(Delivery.objects.get(pk=pk))
    assert "replay" in why(webhook, Delivery.objects.get(pk=pk).event_id)


def test_an_event_that_is_older_than_the_endpoint(why, subscribe, submit):
    response = submit()
    with time_machine.travel(clock.now() + timedelta(minutes=1)):
        webhook, _ = subscribe(URL)
        assert why(webhook, event_of(response)) == ["known", "before_endpoint"]
        older, _ = subscribe(URL)
        Event.objects.create(
            id=event_of(response),
            type="response.submitted",
            form_id=response.form_id,
            response_id=response.id,
            occurred_at=response.submitted_at,
        )
        assert why(older, event_of(response)) == ["known", "before_endpoint"]


def test_an_event_that_was_pruned_lost_or_is_on_its_way(why, subscribe, submit):
    webhook, _ = subscribe(URL)
    response = submit()
    Event.objects.all().delete()
    get_store().mark_dispatched({response.id: 1}, at=clock.now())
    assert why(webhook, event_of(response)) == ["known", "missing"]
    with time_machine.travel(clock.now() + timedelta(days=40)):
        assert why(webhook, event_of(response)) == ["known", "pruned"]


def test_an_event_nobody_knows_and_one_of_another_form(why, subscribe, actor, django_user_model):
    webhook, _ = subscribe(URL)
    other = create_form(actor=actor, title="Other", definition=DEFINITION)
    publish_form(other, actor=actor)
    subscribe(URL, form_id=other.id)
    response, _ = submit_response(get_store().find_form(other.id), {"vote": "yes"}, actor=actor)
    assert why(webhook, event_of(response)) == ["out_of_reach"]
    stranger = Actor(user_id=django_user_model.objects.create_user("stan").pk)
    assert why(webhook, event_of(response), asker=stranger) == ["unknown_event"]
    for unknown in (f"evt_{new_id()}_1", "evt_x", "", "evt_\0"[:4], f"evt_{response.id}_9"):
        assert why(webhook, unknown) == ["unknown_event"]


def test_the_api_answers_by_event_and_by_response(reader, subscribe, submit):
    webhook, _ = subscribe(URL, events=["form.published"])
    response = submit()
    path = f"/api/v2/webhooks/{webhook.pk}/explain/"
    by_event = reader.get(path, {"event_id": event_of(response)}).json()
    by_response = reader.get(path, {"response_id": response.id, "revision": 1}).json()
    assert by_event == by_response
    assert (by_event["event_id"], by_event["was_sent"]) == (event_of(response), False)
    assert by_event["steps"][-1] == {
        "code": "type",
        "text": "The endpoint listens to form.published, not to this event.",
        "details": {"listens_to": ["form.published"]},
    }


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "event_id"),
        ({"event_id": "evt_1", "response_id": "1" * 24}, "event_id"),
        ({"event_id": "x" * 101}, "event_id"),
        ({"event_id": "a\0b"}, "event_id"),
        ({"response_id": "x"}, "response_id"),
        ({"response_id": "1" * 24, "revision": "0"}, "revision"),
    ],
)
def test_what_is_wrong_is_named(reader, subscribe, asked, field):
    answer = reader.get(f"/api/v2/webhooks/{subscribe(URL)[0].pk}/explain/", asked)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_the_command_says_the_same(subscribe, submit):
    webhook, _ = subscribe(URL, events=["form.published"])
    response = submit()
    out = io.StringIO()
    call_command("explain_webhook", webhook.pk, response.id, stdout=out)
    assert "The endpoint listens to form.published, not to this event. [type]" in out.getvalue()
    with pytest.raises(CommandError, match="no such webhook"):
        call_command("explain_webhook", new_id(), response.id)


def test_the_admin_explains_on_a_page_and_from_the_lists(admin_client, client, subscribe, submit):
    webhook, _ = subscribe(URL, events=["form.published"])
    response = submit()
    listing = "/admin/integrations/webhook/"
    page = f"{listing}{webhook.pk}/explain/"
    chosen = {"action": "ask_why", "_selected_action": [webhook.pk]}
    assert admin_client.post(listing, chosen).url == page
    shown = admin_client.get(page, {"event": response.id}).content.decode()
    assert "The endpoint listens to form.published, not to this event." in shown
    assert "<li" not in admin_client.get(page).content.decode().partition('id="steps"')[2]
    gone = admin_client.get(f"{listing}{new_id()}/explain/")
    assert (gone.status_code, gone.url) == (302, listing)
    refused = client.get(page, {"event": response.id})
    assert (refused.status_code, "login" in refused.url) == (302, True)


def test_the_admin_leads_from_a_message_to_its_explanation(admin_client, subscribe, submit):
    webhook, _ = subscribe(URL)
    response = submit()
    listing = "/admin/integrations/delivery/"
    pk = Delivery.objects.get().pk
    answer = admin_client.post(listing, {"action": "ask_why", "_selected_action": [pk]})
    assert answer.url == (
        f"/admin/integrations/webhook/{webhook.pk}/explain/?event={event_of(response)}"
    )
    assert admin_client.get(answer.url).status_code == 200
