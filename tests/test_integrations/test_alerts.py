"""Telling an endpoint's people: once, in plain words, whatever the mail server does."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine

from formplatform.core import clock
from integrations.webhooks import endpoints
from integrations.webhooks.courier import Courier
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Attempt, Delivery, Webhook
from integrations.webhooks.notice_models import Notice
from integrations.webhooks.queue import doorbell
from integrations.webhooks.tasks import deliver_due, send_notices
from integrations.webhooks.tending import notices
from tests.fakes.mail_server import MailServer
from tests.fakes.message_queue import no_broker
from tests.fakes.receiver import OK, Receiver, Reply

pytestmark = [
    pytest.mark.usefixtures("loopback"),
    pytest.mark.django_db(transaction=True),
]

START = datetime(2026, 1, 9, 12, tzinfo=UTC)
PROMISED = [0, 1, 6, 36, 336, 2136]


@pytest.fixture
def mail(settings, owner):
    """A real mail server, which the platform is told of."""
    owner.email = "olga@example.com"
    owner.save()
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.PUBLIC_URL = "https://forms.example"
        yield server


def lane():
    return Lane.objects.get()


def next_due():
    return Lane.objects.get().due_at


def give_up(now):
    """Deliver at every due time until nothing waits."""
    while (due_at := next_due()) is not None:
        now.move_to(max(due_at, clock.now()))
        deliver_due.delay()


def offsets_of(delivery):
    attempts = delivery.attempts.order_by("number")
    return [(each.started_at - START).total_seconds() for each in attempts]


def test_a_receiver_that_always_fails_is_tried_as_promised_then_one_alert(subscribe, submit, mail):
    with Receiver(Reply(500)) as receiver, time_machine.travel(START, tick=False) as now:
        subscribe(receiver.url(), description="Legacy archive")
        submit()
        deliver_due.delay()
        give_up(now)
        send_notices.delay()
    delivery = Delivery.objects.get()
    assert offsets_of(delivery) == PROMISED
    assert (delivery.status, delivery.dead_reason) == ("dead", "exhausted")
    assert len(receiver.received) == 6
    (letter,) = mail.mails
    assert letter.recipients == ("olga@example.com",)
    assert letter.subject == "Webhook Legacy archive: messages could not be delivered"


def test_fifty_messages_to_one_endpoint_keep_every_attempt_and_cause_one_alert(
    subscribe, submit, mail
):
    with Receiver(Reply(500)) as receiver, time_machine.travel(START, tick=False) as now:
        subscribe(receiver.url())
        for _ in range(50):
            submit()
        give_up(now)
        now.shift(3600)
        send_notices.delay()
    assert Delivery.objects.filter(status="dead", dead_reason="exhausted").count() == 50
    assert set(Delivery.objects.values_list("attempt_no", flat=True)) == {6}
    assert Attempt.objects.count() == len(receiver.received) == 300
    for delivery in Delivery.objects.all():
        waits = [b - a for a, b in pairwise(offsets_of(delivery))]
        promised = [b - a for a, b in pairwise(PROMISED)]
        assert all(wait >= least for wait, least in zip(waits, promised, strict=True))
    assert len(mail.mails) == 1
    assert Notice.objects.filter(kind="dead_letters").count() == 1


def test_a_letter_holds_no_secret_no_query_and_no_answer(subscribe, submit, mail, settings):
    settings.WEBHOOK_MAX_RETRIES = 1
    with Receiver(Reply(500, b"leaked answer")) as receiver:
        _, secret = subscribe(receiver.url("/hook/path-token?key=hush"), include_personal_data=True)
        submit(name="Ada Lovelace")
        deliver_due.delay()
    (letter,) = mail.mails
    webhook = Webhook.objects.get()
    assert f"https://forms.example/api/v2/webhooks/{webhook.pk}/" in letter.text
    assert "1 message to the endpoint 127.0.0.1 could not be delivered" in letter.text
    assert "The receiver answered 500." in letter.text
    whole = letter.message.as_string()
    for hidden in ("hush", "path-token", secret, "whsec_", "Ada", "leaked"):
        assert hidden not in whole


def test_staff_are_led_to_the_admin_and_operators_are_told_too(
    subscribe, submit, mail, settings, owner
):
    settings.WEBHOOK_MAX_RETRIES = 1
    settings.WEBHOOK_ALERT_EMAILS = ["ops@example.com", "olga@example.com"]
    owner.is_staff = True
    owner.save()
    with Receiver(Reply(500)) as receiver:
        subscribe(receiver.url())
        submit()
        deliver_due.delay()
    (letter,) = mail.mails
    assert letter.recipients == ("olga@example.com", "ops@example.com")
    assert letter.message["To"] == "olga@example.com"
    assert "ops@" not in letter.message.as_string()
    page = f"https://forms.example/admin/integrations/webhook/{Webhook.objects.get().pk}/change/"
    assert page in letter.text


def test_a_mail_server_that_is_away_neither_loses_nor_doubles_a_letter(
    subscribe, submit, mail, settings
):
    settings.WEBHOOK_MAX_RETRIES = 1
    settings.EMAIL_PORT = 1  # nobody listens there
    with Receiver(Reply(500)) as receiver, time_machine.travel(START, tick=False) as now:
        subscribe(receiver.url())
        submit()
        deliver_due.delay()
        assert Delivery.objects.get().status == "dead"
        assert Notice.objects.get().due_at == START + timedelta(minutes=1)
        settings.EMAIL_PORT = mail.port
        mail.busy = True
        now.shift(60)
        send_notices.delay()
        assert mail.mails == []
        mail.busy = False
        now.shift(3600)
        send_notices.delay()
        send_notices.delay()
    assert len(mail.mails) == 1
    notice = Notice.objects.get()
    assert (notice.due_at, notice.tries) == (None, 3)
    assert notice.sent_at == START + timedelta(seconds=3660)


def test_a_notice_that_another_sends_is_left_to_it(subscribe, submit, mail, settings, monkeypatch):
    settings.WEBHOOK_MAX_RETRIES = 1
    with Receiver(Reply(500)) as receiver:
        subscribe(receiver.url())
        monkeypatch.setattr(notices, "_mail", lambda *_: notices.send_notices())
        submit()
        deliver_due.delay()
    monkeypatch.undo()
    assert (mail.mails, Notice.objects.get().tries) == ([], 1)


@pytest.mark.parametrize("address", ["", "broken\nBcc: x@example.com"])
def test_an_owner_without_a_usable_address_breaks_nothing(
    subscribe, submit, mail, settings, owner, address
):
    settings.WEBHOOK_MAX_RETRIES = 1
    owner.email = address
    owner.save()
    with Receiver(Reply(500)) as receiver:
        subscribe(receiver.url())
        submit()
        deliver_due.delay()
    assert Delivery.objects.get().status == "dead"
    assert mail.mails == []
    assert (Notice.objects.get().due_at, Notice.objects.get().sent_at) == (None, None)


def test_an_endpoint_that_comes_and_goes_is_told_of_every_six_hours(
    subscribe, submit, mail, settings
):
    settings.WEBHOOK_MAX_RETRIES = 1
    receiver = Receiver(Reply(400), OK, Reply(400), OK, Reply(400), OK)
    with receiver, time_machine.travel(START, tick=False) as now:
        subscribe(receiver.url(), description="Moody")
        for _ in range(6):
            submit()
            deliver_due.delay()
            now.shift(60)
        assert mail.subjects() == [
            "Webhook Moody: messages could not be delivered",
            "Webhook Moody: it works again",
        ]
        now.move_to(START + timedelta(hours=7))
        send_notices.delay()
    assert len(mail.mails) == 3
    assert "3 messages to the endpoint Moody" in mail.mails[2].text
    assert "has taken messages again since" in mail.mails[2].text
    assert not Notice.objects.filter(due_at__isnull=False).exists()


def test_gone_is_told_once_as_a_disabled_endpoint(subscribe, submit, mail):
    with Receiver(Reply(410)) as receiver:
        subscribe(receiver.url(), description="Old Zap")
        submit()
        deliver_due.delay()
    assert mail.subjects() == ["Webhook Old Zap: it was disabled"]
    assert "410 Gone" in mail.mails[0].text


def test_a_broker_that_is_away_costs_the_event_and_neither_the_courier_nor_the_letter(
    subscribe, submit, mail, monkeypatch
):
    monkeypatch.setattr(doorbell, "_ring", lambda: None)
    with Receiver(Reply(410)) as receiver:
        subscribe(receiver.url())
        submit()
        with no_broker():
            Courier(hands=2).run_until_idle()
    assert Delivery.objects.get().status == "dead"
    assert Webhook.objects.get().disabled_reason == Webhook.DisabledReason.GONE
    send_notices.delay()
    assert len(mail.mails) == 1


def test_nobody_is_written_to_about_what_a_person_switched_off(subscribe, mail):
    webhook, _ = subscribe("https://example.com/hook")
    endpoints.disable(webhook.pk, reason=Webhook.DisabledReason.BY_OWNER)
    send_notices.delay()
    assert (mail.mails, Notice.objects.count()) == ([], 0)
