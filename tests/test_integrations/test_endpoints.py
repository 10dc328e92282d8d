"""The life of an endpoint, and where its secret is never found."""

import base64
import json
import logging

import pytest
import standardwebhooks
from django.core.management import CommandError, call_command
from django.db import connection

from formplatform.celery import app
from formplatform.core.errors import ConflictError, InvalidInputError
from integrations.webhooks import endpoints
from integrations.webhooks.endpoints import EndpointForm
from integrations.webhooks.models import Attempt, Delivery, SigningSecret, Webhook
from integrations.webhooks.repeating import dead_letters, replays
from integrations.webhooks.repeating.dead_letters import Selection
from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import OK, Receiver, Reply
from tests.subscriptions import make_due

pytestmark = pytest.mark.usefixtures("loopback")


def deliver():
    deliver_due.delay()


def verifies(secret, request):
    try:
        standardwebhooks.Webhook(secret).verify(request.body, request.headers)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


@pytest.mark.parametrize(
    ("url", "events", "errors"),
    [
        ("ftp://example.com", ["response.submitted"], [("url", "scheme")]),
        ("http://10.0.0.1/", ["response.submitted"], [("url", "private_address")]),
        ("https://example.com", [], [("events", "unknown_event")]),
        ("https://example.com", ["response.eaten"], [("events", "unknown_event")]),
        ("nonsense", ["x"], [("url", "scheme"), ("events", "unknown_event")]),
    ],
)
def test_an_endpoint_that_could_not_work_is_not_saved(owner, url, events, errors):
    with pytest.raises(InvalidInputError) as refusal:
        endpoints.create_webhook(
            EndpointForm(url=url, events=events), owner_id=owner.pk, form_id=""
        )
    assert [(error.field, error.code) for error in refusal.value.errors] == errors
    assert (Webhook.objects.count(), SigningSecret.objects.count()) == (0, 0)


def test_a_change_that_could_not_work_changes_nothing(subscribe):
    webhook, _ = subscribe("https://example.com/a")
    with pytest.raises(InvalidInputError):
        endpoints.update_webhook(webhook, EndpointForm(url="http://[::1]/x", events=["x"]))
    webhook.refresh_from_db()
    assert (webhook.url, webhook.events) == ("https://example.com/a", ["response.submitted"])


def test_a_test_message_goes_to_its_endpoint_alone(subscribe):
    with Receiver() as receiver, Receiver() as other:
        webhook, secret = subscribe(receiver.url())
        subscribe(other.url())
        sent = endpoints.send_test(webhook)
        deliver()
    (request,) = receiver.received
    assert verifies(secret, request)
    assert request.headers["webhook-id"] == sent.event_id
    assert json.loads(request.body)["type"] == "webhook.test"
    assert other.received == []


def test_a_disabled_endpoint_takes_no_test_message(subscribe):
    webhook, _ = subscribe("https://example.com/")
    endpoints.disable(webhook.pk, reason=Webhook.DisabledReason.BY_OWNER)
    webhook.refresh_from_db()
    with pytest.raises(ConflictError):
        endpoints.send_test(webhook)
    assert Delivery.objects.count() == 0


def test_a_delivery_is_sent_again_under_its_id_from_the_beginning_of_the_schedule(
    subscribe, submit
):
    with Receiver(OK, Reply(500), OK) as receiver:
        subscribe(receiver.url())
        submit()
        deliver()
        replays.redeliver(Delivery.objects.get())
        deliver()
        again = Delivery.objects.get()
        assert (again.status, again.failures, again.attempt_no) == ("pending", 1, 2)
        with pytest.raises(ConflictError):
            replays.redeliver(again)
        make_due()
        deliver()
    assert len(set(receiver.ids())) == 1
    assert [r.headers["x-webhook-attempt"] for r in receiver.received] == ["1", "2", "3"]
    assert Delivery.objects.get().status == "delivered"


def test_the_command_replays_dead_letters_of_one_endpoint(subscribe, submit, settings, capsys):
    settings.WEBHOOK_MAX_RETRIES = 1
    with Receiver(Reply(500), Reply(500), OK) as one, Receiver(Reply(500)) as other:
        webhook, _ = subscribe(one.url())
        subscribe(other.url())
        submit()
        submit()
        deliver()
        assert Delivery.objects.filter(status="dead").count() == 4
        call_command("replay_dead_letters", "--webhook", webhook.pk, "--dry-run")
        assert Delivery.objects.filter(status="dead").count() == 4
        call_command("replay_dead_letters", "--webhook", webhook.pk)
        call_command("deliver_webhooks", "--once")
    assert Delivery.objects.filter(status="dead", webhook=webhook).count() == 0
    assert (len(one.received), len(other.received)) == (4, 2)
    printed = capsys.readouterr().out
    assert "2 dead letters match." in printed
    assert "2 dead letters are sent again." in printed


def test_the_command_switches_an_endpoint_on_and_sends_all_it_missed(subscribe, submit, capsys):
    with Receiver() as receiver:
        webhook, _ = subscribe(receiver.url())
        endpoints.disable(webhook.pk, reason=Webhook.DisabledReason.BY_OWNER)
        submit()
        submit()
        deliver()
        for wrong in (["--enable"], ["--enable", "--webhook", webhook.pk, "--error", "x"]):
            with pytest.raises(CommandError, match="--enable goes with --webhook"):
                call_command("replay_dead_letters", *wrong)
        with pytest.raises(CommandError, match="There is no webhook nobody"):
            call_command("replay_dead_letters", "--enable", "--webhook", "nobody")
        call_command("replay_dead_letters", "--enable", "--webhook", webhook.pk, "--dry-run")
        webhook.refresh_from_db()
        assert (webhook.is_enabled, receiver.received) == (False, [])
        call_command("replay_dead_letters", "--enable", "--webhook", webhook.pk)
        call_command("deliver_webhooks", "--once")
    assert len(receiver.received) == 2
    printed = capsys.readouterr().out
    assert "2 messages were missed." in printed
    assert "Enabled; 2 missed messages are sent." in printed


def test_replaying_leaves_alone_what_belongs_to_a_disabled_endpoint(subscribe, submit):
    webhook, _ = subscribe("https://example.com/")
    submit()
    endpoints.disable(webhook.pk, reason=Webhook.DisabledReason.BY_OWNER)
    assert replays.replay(dead_letters.find_dead_letters(Selection())) == 0
    assert Delivery.objects.get().status == "dead"


def test_a_secret_that_cannot_be_read_any_more_is_a_dead_letter_with_that_reason(
    subscribe, submit, settings
):
    settings.WEBHOOK_ENCRYPTION_KEYS = (b"a" * 32,)
    with Receiver() as receiver:
        subscribe(receiver.url())
        submit()
        settings.WEBHOOK_ENCRYPTION_KEYS = (b"b" * 32,)
        deliver()
    assert receiver.received == []
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.dead_reason) == ("dead", "secret")


def test_the_secret_is_in_no_table_log_or_attempt(subscribe, submit, caplog):
    caplog.set_level(logging.DEBUG)
    with Receiver() as receiver:
        _, secret = subscribe(receiver.url("/hook?token=hush"))
        receiver.on_request = lambda request: receiver.replies.insert(
            0, Reply(500, json.dumps(request.headers).encode() + secret.encode())
        )
        submit()
        deliver()
    core = secret.removeprefix("whsec_")
    assert core not in caplog.text
    assert "hush" not in caplog.text
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            assert core not in repr(cursor.fetchall()), table
    assert "[…]" in Attempt.objects.get().response


@pytest.fixture
def broker(settings):
    """Tasks go to the real broker, where nobody takes them."""
    app.conf.task_always_eager = False
    with app.connection_for_read() as opened:
        client = opened.default_channel.client
        client.flushdb()
        yield client
        client.flushdb()
    app.conf.task_always_eager = True


@pytest.mark.django_db(transaction=True)
def test_what_waits_in_the_broker_holds_neither_secret_nor_answer(subscribe, submit, broker):
    _, secret = subscribe(
        "https://example.com/hook?token=hush", include_personal_data=True, asymmetric=True
    )
    submit(name="Ada Lovelace")
    app.conf.task_always_eager = True
    messages = [json.loads(text) for text in broker.lrange("default", 0, -1)]
    bodies = [base64.b64decode(m["body"]).decode() + json.dumps(m["headers"]) for m in messages]
    assert {m["headers"]["task"] for m in messages} >= {"forms.dispatch_responses"}
    everything = "".join(bodies)
    for key in (secret, *(row.reveal() for row in SigningSecret.objects.all())):
        assert key.partition("_")[2][:40] not in everything
    assert "Lovelace" not in everything
    assert "hush" not in everything
