"""Signatures, checked by the packages that receivers use, and secrets at rest."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
import standardwebhooks
import svix.webhooks

from integrations import encryption
from integrations.encryption import UnsealError, seal, unseal
from integrations.webhooks.keys import generate_secret
from integrations.webhooks.security import sign_standard, signed_headers

BODY = b'{"b":1,"a":"\xc3\xa4"}'


def headers_for(*secrets, body=BODY):
    return signed_headers(
        secrets,
        webhook_id="65f000000000000000000001",
        message_id="evt_1_1",
        attempt=3,
        at=datetime.now(UTC),
        body=body,
    )


def test_the_signature_is_that_of_the_specifications_own_example():
    signature = sign_standard(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "verify",
    [
        lambda secret, headers: standardwebhooks.Webhook(secret).verify(BODY, headers),
        lambda secret, headers: svix.webhooks.Webhook(secret).verify(BODY, headers),
    ],
    ids=["standardwebhooks", "svix"],
)
def test_strangers_verify_each_of_two_active_secrets(verify):
    newer, older = generate_secret(), generate_secret()
    headers = headers_for(newer, older)
    verify(newer, headers)
    verify(older, headers)
    with pytest.raises(
        (standardwebhooks.WebhookVerificationError, svix.webhooks.WebhookVerificationError)
    ):
        verify(generate_secret(), headers)


def test_the_older_header_is_the_hexadecimal_hmac_of_the_exact_bytes():
    newer, older = generate_secret(), generate_secret()
    headers = headers_for(newer, older)
    assert (
        headers["X-Webhook-Signature"] == hmac.new(newer.encode(), BODY, hashlib.sha256).hexdigest()
    )
    assert headers["X-Webhook-ID"] == "65f000000000000000000001"
    assert headers["X-Webhook-Attempt"] == "3"


def test_a_secret_has_256_bits_and_is_new_each_time():
    first, second = generate_secret(), generate_secret()
    assert first != second
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32


def test_a_sealed_secret_opens_in_its_own_row_only(settings):
    sealed = seal("whsec_hush", context="row-1")
    assert "hush" not in sealed
    assert unseal(sealed, context="row-1") == "whsec_hush"
    with pytest.raises(UnsealError):
        unseal(sealed, context="row-2")


def test_the_same_secret_is_sealed_differently_each_time():
    assert seal("whsec_hush", context="row") != seal("whsec_hush", context="row")


def test_the_ring_opens_what_any_of_its_keys_sealed_and_seals_with_the_first(settings):
    old, new = b"o" * 32, b"n" * 32
    settings.WEBHOOK_ENCRYPTION_KEYS = (old,)
    sealed = seal("text", context="row")
    settings.WEBHOOK_ENCRYPTION_KEYS = (new, old)
    assert unseal(sealed, context="row") == "text"
    assert seal("text", context="row").split(".")[1] == encryption._name_of(new)
    settings.WEBHOOK_ENCRYPTION_KEYS = (new,)
    with pytest.raises(UnsealError) as error:
        unseal(sealed, context="row")
    assert "text" not in str(error.value)


@pytest.mark.parametrize("damage", ["", "v1", "v1.00000000.AAAA", "v2.x.y"])
def test_what_was_never_sealed_does_not_open(damage):
    with pytest.raises(UnsealError):
        unseal(damage, context="row")


def test_a_changed_secret_does_not_open():
    sealed = seal("whsec_hush", context="row")
    changed = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    with pytest.raises(UnsealError):
        unseal(changed, context="row")
