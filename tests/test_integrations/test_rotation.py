"""Keys of both kinds are given, brought and rotated: what signs the messages at each moment."""

import base64
import hmac
from dataclasses import replace
from datetime import timedelta

import pytest
import standardwebhooks
import time_machine
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from formplatform.core import clock
from formplatform.core.errors import InvalidInputError
from integrations.webhooks import endpoints, keys, rotation
from integrations.webhooks.endpoints import EndpointForm
from integrations.webhooks.models import SigningSecret, Webhook
from integrations.webhooks.security import sign_standard
from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import Receiver

pytestmark = pytest.mark.usefixtures("loopback")
DAY = timedelta(hours=24)


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def sent(receiver, submit):
    """Submits and delivers; returns what arrived."""

    def sent():
        submit()
        deliver_due.delay()
        return receiver.received[-1]

    return sent


def verifies(secret, request):
    try:
        standardwebhooks.Webhook(secret).verify(request.body, request.headers)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


def verifies_with_public_key(public_key, request):
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    head = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}."
    for signature in signatures_of(request, "v1a"):
        try:
            key.verify(base64.b64decode(signature), head.encode() + request.body)
        except InvalidSignature:
            continue
        return True
    return False


def signatures_of(request, version):
    pairs = [each.split(",") for each in request.headers["webhook-signature"].split(" ")]
    return [signature for found, signature in pairs if found == version]


def state():
    return list(SigningSecret.objects.values()), list(Webhook.objects.values())


def public_keys_of(webhook):
    return [key.public_key for key in rotation.public_keys(webhook.pk, at=clock.now())]


def test_a_rotated_secret_and_the_one_before_both_verify_for_a_day(receiver, subscribe, sent):
    webhook, first = subscribe(receiver.url())
    second = rotation.rotate_secret(webhook)
    request = sent()
    assert (verifies(first, request), verifies(second, request)) == (True, True)
    with time_machine.travel(clock.now() + DAY + timedelta(seconds=1)):
        late = sent()
        assert (verifies(first, late), verifies(second, late)) == (False, True)


def test_the_newest_secret_signs_first_and_alone_makes_the_older_header(receiver, subscribe, sent):
    webhook, first = subscribe(receiver.url())
    second, third = rotation.rotate_secret(webhook), rotation.rotate_secret(webhook)
    request = sent()
    head = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode()
    assert signatures_of(request, "v1") == [
        base64.b64encode(
            hmac.digest(keys.shared_key_of(secret), head + request.body, "sha256")
        ).decode()
        for secret in (third, second, first)
    ]
    older = hmac.new(third.encode(), request.body, "sha256").hexdigest()
    assert request.headers["x-webhook-signature"] == older


def test_a_rotation_repeated_by_mistake_leaves_the_receivers_secret_its_day(
    receiver, subscribe, sent
):
    webhook, first = subscribe(receiver.url())
    rotated = [rotation.rotate_secret(webhook) for _ in range(2)]
    request = sent()
    assert [verifies(secret, request) for secret in (first, *rotated)] == [True, True, True]


def test_there_are_never_more_than_four_secrets(receiver, subscribe, sent):
    webhook, first = subscribe(receiver.url())
    rotated = [rotation.rotate_secret(webhook) for _ in range(4)]
    request = sent()
    assert [verifies(secret, request) for secret in (first, *rotated)] == [False] + [True] * 4
    assert len(signatures_of(request, "v1")) == SigningSecret.objects.count() == 4


def test_without_grace_everything_older_ends_now(receiver, subscribe, sent):
    webhook, first = subscribe(receiver.url())
    second = rotation.rotate_secret(webhook, grace=timedelta(days=7))
    third = rotation.rotate_secret(webhook, grace=timedelta(0))
    request = sent()
    assert [verifies(secret, request) for secret in (first, second, third)] == [False, False, True]
    assert SigningSecret.objects.count() == 1


def test_nothing_older_outlives_the_grace_chosen_last(receiver, subscribe, sent):
    webhook, first = subscribe(receiver.url())
    second = rotation.rotate_secret(webhook, grace=timedelta(days=7))
    rotation.rotate_secret(webhook, grace=timedelta(hours=1))
    with time_machine.travel(clock.now() + timedelta(minutes=59)):
        request = sent()
        assert (verifies(first, request), verifies(second, request)) == (True, True)
    with time_machine.travel(clock.now() + timedelta(minutes=61)):
        request = sent()
        assert (verifies(first, request), verifies(second, request)) == (False, False)


def test_an_ended_secret_is_deleted_by_the_next_rotation(subscribe):
    webhook, _ = subscribe("https://example.com/")
    rotation.rotate_secret(webhook)
    with time_machine.travel(clock.now() + DAY + timedelta(seconds=1)):
        rotation.rotate_secret(webhook)
    assert SigningSecret.objects.count() == 2


def test_a_secret_somebody_brings_signs(receiver, owner, survey, sent):
    own = secret_of(24)
    wanted = EndpointForm(url=receiver.url(), events=["response.submitted"])
    webhook, shown = endpoints.create_webhook(
        wanted, owner_id=owner.pk, form_id=survey.id, secret=own
    )
    assert shown == own
    assert verifies(own, sent())
    other = secret_of(64)
    assert rotation.rotate_secret(webhook, secret=other) == other
    request = sent()
    assert (verifies(own, request), verifies(other, request)) == (True, True)


def secret_of(number):
    return "whsec_" + base64.b64encode(bytes(range(number))).decode()


FORMAT = "Expected whsec_ and base64 with its padding."
LENGTH = "Expected 24 to 64 bytes in base64."


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ("", FORMAT),
        ("hush", FORMAT),
        ("whsec_ä", FORMAT),
        (secret_of(32).removeprefix("whsec_"), FORMAT),
        (secret_of(32).removesuffix("="), FORMAT),
        (secret_of(23), LENGTH),
        (secret_of(65), LENGTH),
        ("whsec_" + "A" * 43 + "=", "Expected random bytes: hardly two of these differ."),
    ],
)
def test_a_secret_that_anybody_could_guess_is_refused_and_nothing_is_stored(
    subscribe, owner, secret, message
):
    webhook, _ = subscribe("https://example.com/")
    before = state()
    wanted = EndpointForm(url="https://example.com/b", events=["response.submitted"])
    with pytest.raises(InvalidInputError) as made:
        endpoints.create_webhook(wanted, owner_id=owner.pk, form_id="", secret=secret)
    with pytest.raises(InvalidInputError) as rotated:
        rotation.rotate_secret(webhook, grace=timedelta(0), secret=secret)
    for refusal in (made, rotated):
        assert [(e.field, e.code, e.message) for e in refusal.value.errors] == [
            ("secret", "weak_secret", message)
        ]
    assert state() == before


def test_an_endpoint_that_asks_for_it_is_signed_for_with_a_key_of_its_own(
    receiver, subscribe, sent
):
    webhook, secret = subscribe(receiver.url(), asymmetric=True)
    other, _ = subscribe("https://example.com/", asymmetric=True)
    request = sent()
    (mine,), (others,) = public_keys_of(webhook), public_keys_of(other)
    assert verifies(secret, request)
    assert verifies_with_public_key(mine, request)
    assert not verifies_with_public_key(others, request)
    versions = [each.split(",")[0] for each in request.headers["webhook-signature"].split(" ")]
    assert versions == ["v1", "v1a"]


def test_who_did_not_ask_for_it_gets_no_ed25519_signature(receiver, subscribe, sent):
    webhook, _ = subscribe(receiver.url())
    assert signatures_of(sent(), "v1a") == []
    assert public_keys_of(webhook) == []


def test_a_rotated_ed25519_key_signs_along_for_its_grace(receiver, subscribe, sent):
    webhook, secret = subscribe(receiver.url(), asymmetric=True)
    (first,) = public_keys_of(webhook)
    second = rotation.rotate_public_key(webhook, grace=timedelta(hours=2)).public_key
    request = sent()
    assert verifies_with_public_key(first, request)
    assert verifies_with_public_key(second, request)
    assert len(signatures_of(request, "v1")) == 1
    assert public_keys_of(webhook) == [second, first]
    with time_machine.travel(clock.now() + timedelta(hours=2, seconds=1)):
        late = sent()
        assert public_keys_of(webhook) == [second]
        assert not verifies_with_public_key(first, late)
        assert verifies_with_public_key(second, late)
        assert verifies(secret, late)


def test_rotating_one_kind_leaves_the_other_alone(subscribe):
    webhook, _ = subscribe("https://example.com/", asymmetric=True)
    ed25519 = list(SigningSecret.objects.filter(kind="ed25519").values())
    rotation.rotate_secret(webhook, grace=timedelta(0))
    assert list(SigningSecret.objects.filter(kind="ed25519").values()) == ed25519
    hmacs = list(SigningSecret.objects.filter(kind="hmac").values())
    rotation.rotate_public_key(webhook, grace=timedelta(0))
    assert list(SigningSecret.objects.filter(kind="hmac").values()) == hmacs


def test_an_endpoint_without_an_ed25519_key_has_none_to_rotate(subscribe):
    webhook, _ = subscribe("https://example.com/")
    before = state()
    with pytest.raises(InvalidInputError) as refusal:
        rotation.rotate_public_key(webhook)
    assert [(e.field, e.code) for e in refusal.value.errors] == [("kind", "not_asymmetric")]
    assert state() == before


def test_switching_ed25519_off_forgets_its_keys_and_on_again_makes_another(
    receiver, subscribe, sent
):
    webhook, secret = subscribe(receiver.url(), asymmetric=True)
    (first,) = public_keys_of(webhook)
    form = endpoints.form_of(webhook)
    endpoints.update_webhook(webhook, form)
    assert public_keys_of(webhook) == [first]
    endpoints.update_webhook(webhook, replace(form, asymmetric=False))
    request = sent()
    assert (verifies(secret, request), signatures_of(request, "v1a")) == (True, [])
    assert SigningSecret.objects.filter(kind="ed25519").count() == 0
    endpoints.update_webhook(webhook, form)
    (second,) = public_keys_of(webhook)
    assert second != first
    assert verifies_with_public_key(second, sent())


def test_an_ed25519_signature_is_that_which_everybody_has_for_this_example():
    private_key = (
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfV"
        "KIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
    )
    signature = sign_standard(
        [private_key],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert signature == (
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5B"
        "dqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
    )
    assert keys.public_key_of(private_key) == "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
