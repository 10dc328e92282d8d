"""Real deliveries, verified by packages that other people wrote and receivers use."""

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import standardwebhooks
import svix.webhooks
import time_machine

from formplatform.core import clock
from integrations.webhooks import rotation
from integrations.webhooks.keys import generate_secret
from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import OK, Receiver, Reply

pytestmark = pytest.mark.usefixtures("loopback")
VERIFY_IN_NODE = Path(__file__).parents[1] / "node" / "verify.cjs"


@dataclass(frozen=True)
class Message:
    secret: str
    headers: dict[str, str]
    body: bytes


def of_standardwebhooks(message):
    try:
        standardwebhooks.Webhook(message.secret).verify(message.body, message.headers)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


def of_svix(message):
    try:
        svix.webhooks.Webhook(message.secret).verify(message.body, message.headers)
    except svix.webhooks.WebhookVerificationError:
        return False
    return True


def of_npm(messages):
    told = json.dumps(
        [
            {
                "secret": message.secret,
                "headers": message.headers,
                "body": base64.b64encode(message.body).decode(),
            }
            for message in messages
        ]
    )
    finished = subprocess.run(
        ["node", VERIFY_IN_NODE],
        input=told,
        env={**os.environ, "NODE_PATH": os.environ["NPM_TEST_MODULES"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(finished.stdout)


STRANGERS = {
    "standardwebhooks": lambda messages: [of_standardwebhooks(each) for each in messages],
    "svix": lambda messages: [of_svix(each) for each in messages],
    "npm": of_npm,
}


@pytest.fixture(params=["standardwebhooks", "svix", pytest.param("npm", marks=pytest.mark.npm)])
def verified(request):
    """Says of each message whether the package takes it."""
    return lambda *messages: STRANGERS[request.param](messages)


def arrived(receiver):
    """The last request that reached the receiver."""
    deliver_due.delay()
    return receiver.received[-1]


def test_strangers_verify_a_delivery_and_no_other_bytes_of_it(verified, subscribe, submit):
    with Receiver() as receiver:
        _, secret = subscribe(receiver.url(), include_personal_data=True)
        submit(name="Zoë Ångström 😀", vote="yes")
        request = arrived(receiver)
    genuine = Message(secret, request.headers, request.body)
    assert "Zoë".encode() in request.body
    assert verified(
        genuine,
        Message(secret, request.headers, request.body + b" "),
        Message(secret, request.headers, request.body.replace(b"yes", b"no")),
        Message(secret, {**request.headers, "webhook-id": "evt_other"}, request.body),
        Message(generate_secret(), request.headers, request.body),
    ) == [True, False, False, False, False]


def test_strangers_verify_either_of_two_active_secrets_beside_two_ed25519_keys(
    verified, subscribe, submit
):
    with Receiver() as receiver:
        webhook, older = subscribe(receiver.url(), asymmetric=True)
        newer = rotation.rotate_secret(webhook)
        rotation.rotate_public_key(webhook)
        submit()
        request = arrived(receiver)
    signatures = request.headers["webhook-signature"].split(" ")
    assert [each.split(",")[0] for each in signatures] == ["v1", "v1", "v1a", "v1a"]
    assert verified(
        Message(newer, request.headers, request.body),
        Message(older, request.headers, request.body),
        Message(newer, request.headers, request.body + b"\n"),
        Message(older, request.headers, request.body + b"\n"),
    ) == [True, True, False, False]


def test_strangers_refuse_what_was_signed_at_another_time(verified, subscribe, submit):
    """The signatures are right: only the clock they were made by was elsewhere."""
    with Receiver() as receiver:
        _, secret = subscribe(receiver.url())
        messages = []
        for minutes in (-6, -4, 0, 4, 6):
            with time_machine.travel(clock.now() + timedelta(minutes=minutes)):
                submit()
                request = arrived(receiver)
            messages.append(Message(secret, request.headers, request.body))
    assert verified(*messages) == [False, True, True, True, False]


def test_strangers_verify_each_attempt_at_one_message(verified, subscribe, submit):
    with Receiver(Reply(500), OK) as receiver:
        _, secret = subscribe(receiver.url())
        submit()
        deliver_due.delay()
        with time_machine.travel(clock.now() + timedelta(seconds=2)):
            deliver_due.delay()
        first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert [first.headers["x-webhook-attempt"], second.headers["x-webhook-attempt"]] == ["1", "2"]
    assert verified(
        Message(secret, first.headers, first.body),
        Message(secret, second.headers, second.body),
    ) == [True, True]


@pytest.mark.parametrize("preset", ["slack", "teams", "discord", "zapier"])
def test_strangers_verify_messages_shaped_for_other_services(verified, subscribe, submit, preset):
    with Receiver() as receiver:
        _, secret = subscribe(receiver.url(), preset=preset, asymmetric=True)
        submit(vote="yes")
        request = arrived(receiver)
    assert verified(
        Message(secret, request.headers, request.body),
        Message(secret, request.headers, request.body + b" "),
    ) == [True, False]


def test_strangers_verify_a_secret_somebody_brought(verified, subscribe, submit):
    secrets = ["whsec_" + base64.b64encode(bytes(range(n))).decode() for n in (24, 33, 64)]
    with Receiver() as receiver:
        webhook, _ = subscribe(receiver.url())
        for secret in secrets:
            rotation.rotate_secret(webhook, secret=secret)
        submit()
        request = arrived(receiver)
    messages = [Message(secret, request.headers, request.body) for secret in secrets]
    assert verified(*messages) == [True, True, True]
