"""What is kept of an attempt: where its time went, what was said, and no secret."""

import json

import pytest

from integrations.webhooks.models import Attempt, Payload
from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import Receiver, Reply
from tests.subscriptions import make_due

pytestmark = pytest.mark.usefixtures("loopback")


def deliver():
    deliver_due.delay()


def test_an_attempt_keeps_where_its_time_went_and_its_headers_without_secrets(subscribe, submit):
    reply = Reply(302, headers={"Location": "/login?token=hush", "Set-Cookie": "id=hush"})
    with Receiver(reply) as receiver:
        subscribe(receiver.url())
        submit()
        deliver()
    attempt = Attempt.objects.get()
    spent = {name for name, milliseconds in attempt.phases.items() if milliseconds is not None}
    assert spent == {"connect", "wait", "body"}
    sent, answered = attempt.request_headers, attempt.response_headers
    assert sent["host"] == f"127.0.0.1:{receiver.port}"
    assert sent["webhook-id"] == receiver.received[0].headers["webhook-id"]
    assert (sent["webhook-signature"], sent["x-webhook-signature"]) == ("[…]", "[…]")
    assert (answered["location"], answered["set-cookie"]) == ("/login?[…]", "[…]")


def test_an_attempt_without_an_answer_keeps_how_far_it_came(subscribe, submit, settings):
    settings.WEBHOOK_TIMEOUT = 0.3
    with Receiver(Reply(wait_seconds=5)) as receiver:
        subscribe(receiver.url())
        submit()
        deliver()
    attempt = Attempt.objects.get()
    assert (attempt.error_code, attempt.peer, attempt.response_headers) == (
        "timeout",
        "127.0.0.1",
        {},
    )
    assert attempt.duration_ms >= 300
    assert sum(filter(None, attempt.phases.values())) >= attempt.duration_ms - 50
    assert attempt.request_headers["x-webhook-attempt"] == "1"


def test_what_a_receiver_says_is_kept_short_and_without_secrets(subscribe, submit):
    with Receiver(Reply(500, b"fault \x00 mail ada@example.com whsec_abcdef " + b"x" * 4000)) as r:
        subscribe(r.url())
        submit()
        deliver()
    kept = Attempt.objects.get().response
    assert kept.startswith("fault  mail […] […] xxx")
    assert len(kept.encode()) == 1024


def test_an_echo_of_the_answers_is_not_kept(subscribe, submit):
    with Receiver() as receiver:
        subscribe(receiver.url(), include_personal_data=True)
        submit(name="Ada Lovelace")
        body = bytes(Payload.objects.get().body)
        quoted = json.dumps(body.decode()).encode()
        receiver.replies[:] = [Reply(500, b"got " + body), Reply(500, quoted)]
        deliver()
        make_due()
        deliver()
    assert [a.response for a in Attempt.objects.all()] == ["got […]", '"[…]']
