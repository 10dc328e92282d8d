"""The public keys of an endpoint, as its receiver finds them."""

import base64
from datetime import timedelta

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rest_framework.test import APIClient

from formplatform.core import clock
from integrations.webhooks import endpoints, rotation
from integrations.webhooks.keys import jwk_of, public_key_of
from integrations.webhooks.models import SigningSecret

PATH = "/.well-known/webhooks-jwks.json"


def key_set(webhook_id):
    answer = APIClient().get(PATH, {"webhook_id": webhook_id})
    assert answer.status_code == 200
    return answer.json()["keys"]


@pytest.fixture
def webhook(subscribe):
    webhook, _ = subscribe("https://example.com/", asymmetric=True)
    return webhook


def test_a_key_has_the_form_and_the_thumbprint_of_the_rfcs():
    raw = base64.urlsafe_b64decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    assert jwk_of("whpk_" + base64.b64encode(raw).decode()) == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        "alg": "EdDSA",
        "use": "sig",
    }


def test_anybody_finds_the_key_that_signs_for_an_endpoint(webhook):
    (found,) = key_set(webhook.pk)
    stored = SigningSecret.objects.get(kind="ed25519")
    assert found == jwk_of(public_key_of(stored.reveal()))
    raw = base64.urlsafe_b64decode(found["x"] + "=")
    Ed25519PublicKey.from_public_bytes(raw)
    assert "d" not in found


def test_a_rotated_key_is_published_for_its_grace_behind_the_newer_one(webhook):
    (first,) = key_set(webhook.pk)
    rotation.rotate_public_key(webhook, grace=timedelta(hours=1))
    second, older = key_set(webhook.pk)
    assert older == first != second
    with time_machine.travel(clock.now() + timedelta(hours=1, seconds=1)):
        assert key_set(webhook.pk) == [second]
    rotation.rotate_public_key(webhook, grace=timedelta(0))
    (third,) = key_set(webhook.pk)
    assert third not in (first, second)


def test_a_set_says_nothing_about_who_exists(webhook, subscribe):
    plain, _ = subscribe("https://example.com/")
    gone, _ = subscribe("https://example.com/", asymmetric=True)
    endpoints.delete_webhook(gone)
    assert [key_set(id_) for id_ in (plain.pk, gone.pk, "f" * 24)] == [[], [], []]


def test_the_set_of_an_endpoint_holds_no_key_of_another(webhook, subscribe):
    other, _ = subscribe("https://example.com/", asymmetric=True)
    (mine,), (theirs,) = key_set(webhook.pk), key_set(other.pk)
    assert mine["kid"] != theirs["kid"]


@pytest.mark.parametrize("query", [{}, {"webhook_id": ""}, {"webhook_id": "x"}])
def test_without_an_endpoint_there_is_no_set(webhook, query):
    answer = APIClient().get(PATH, query)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["field"] == "webhook_id"
    assert "?webhook_id=" in error["message"]


def test_a_set_may_be_kept_for_five_minutes_by_any_cache(webhook):
    cookie = {"Cookie": f"sessionid={'s' * 32}"}
    answer = APIClient().get(PATH, {"webhook_id": webhook.pk}, headers=cookie)
    assert answer["Cache-Control"] == "public, max-age=300"
    assert answer["Content-Type"] == "application/json"
    assert "Cookie" not in answer.get("Vary", "")
    assert "Set-Cookie" not in answer


def test_asking_for_sets_is_limited_by_address(webhook, settings):
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "read": (2, 60)}
    client = APIClient(REMOTE_ADDR="192.0.2.8")
    statuses = [client.get(PATH, {"webhook_id": webhook.pk}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    other = client.get(PATH, {"webhook_id": webhook.pk}, REMOTE_ADDR="192.0.2.7")
    assert other.status_code == 200
