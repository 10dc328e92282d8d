"""Keys of endpoints through the API: asked for, brought, rotated, and what a refusal leaves."""

import base64
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from formplatform.core import clock
from formplatform.core.api_keys import SCOPES, create_key
from integrations.webhooks.keys import jwk_of
from integrations.webhooks.models import SigningSecret, Webhook

OWN = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()


@pytest.fixture
def api(owner):
    _, token = create_key(owner, name="tests", scopes=SCOPES)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def make(api, survey):
    def make(**values):
        body = {"url": "https://example.com/", "form_id": survey.id, "events": ["form.published"]}
        return api.post("/api/v2/webhooks/", {**body, **values})

    return make


@pytest.fixture
def rotate(api):
    def rotate(made, **values):
        return api.post(f"/api/v2/webhooks/{made['id']}/rotate-secret/", values)

    return rotate


def state():
    return list(Webhook.objects.values()), list(SigningSecret.objects.values())


def key_set(made):
    path = "/.well-known/webhooks-jwks.json"
    return APIClient().get(path, {"webhook_id": made["id"]}).json()["keys"]


def seconds_from_now(text):
    return (datetime.fromisoformat(text) - clock.now()).total_seconds()


def test_an_endpoint_has_no_ed25519_key_unless_it_asks_for_one(make):
    made = make().json()
    assert (made["asymmetric"], made["public_keys"], key_set(made)) == (False, [], [])


def test_the_owner_and_the_receiver_see_the_same_public_key(api, make):
    made = make(asymmetric=True).json()
    (key,) = made["public_keys"]
    assert key["public_key"].startswith("whpk_")
    assert key["expires_at"] is None
    (published,) = key_set(made)
    assert published == jwk_of(key["public_key"])
    assert published["kid"] == key["kid"]
    shown = api.get(f"/api/v2/webhooks/{made['id']}/").json()
    (listed,) = api.get("/api/v2/webhooks/").json()["results"]
    assert shown["public_keys"] == listed["public_keys"] == [key]
    assert "whsk_" not in str([made, shown, listed])


def test_asking_for_ed25519_later_and_no_longer(api, make):
    made = make().json()
    path = f"/api/v2/webhooks/{made['id']}/"
    asked = api.patch(path, {"asymmetric": True}).json()
    assert (asked["asymmetric"], len(asked["public_keys"])) == (True, 1)
    assert api.patch(path, {"description": "D"}).json()["public_keys"] == asked["public_keys"]
    ended = api.patch(path, {"asymmetric": False}).json()
    assert (ended["asymmetric"], ended["public_keys"], key_set(made)) == (False, [], [])


def test_a_secret_that_is_brought_is_kept_and_shown_once(api, make):
    made = make(secret=OWN)
    assert (made.status_code, made.json()["secret"]) == (201, OWN)
    assert SigningSecret.objects.get().reveal() == OWN
    assert OWN not in api.get(f"/api/v2/webhooks/{made.json()['id']}/").content.decode()


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        ("hush", "invalid"),
        ("whsec_" + "A" * 31, "invalid"),
        ("whsec_" + "A" * 87, "invalid"),
        (None, "null"),
        (OWN.removesuffix("="), "weak_secret"),
        ("whsec_" + "A" * 43 + "=", "weak_secret"),
    ],
)
def test_a_secret_that_cannot_be_used_is_refused_and_changes_nothing(make, rotate, secret, code):
    made = make().json()
    before = state()
    for answer in (make(secret=secret), rotate(made, secret=secret, grace_seconds=0)):
        assert answer.status_code == 400
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("secret", code)]
    assert state() == before


@pytest.mark.parametrize("seconds", [1, 3600, 604800])
def test_the_secret_before_signs_along_for_as_long_as_is_asked(make, rotate, seconds):
    made = make().json()
    answer = rotate(made, grace_seconds=seconds).json()
    newest, older = SigningSecret.objects.all()
    assert (newest.reveal(), older.reveal()) == (answer["secret"], made["secret"])
    assert seconds_from_now(answer["previous_expires_at"]) == pytest.approx(seconds, abs=5)
    assert older.expires_at - newest.created_at == pytest.approx(
        timedelta(seconds=seconds), abs=timedelta(seconds=5)
    )
    assert answer["public_key"] is None


def test_without_grace_only_the_new_secret_is_left(make, rotate):
    made = make(secret=OWN).json()
    answer = rotate(made, grace_seconds=0, secret=OTHER).json()
    assert answer["secret"] == OTHER
    assert [row.reveal() for row in SigningSecret.objects.all()] == [OTHER]


def test_an_ed25519_key_is_rotated_by_its_kind(make, rotate):
    made = make(asymmetric=True).json()
    answer = rotate(made, kind="ed25519", grace_seconds=60).json()
    assert answer["secret"] is None
    assert answer["public_key"]["expires_at"] is None
    kids = [key["kid"] for key in key_set(made)]
    assert kids == [answer["public_key"]["kid"], made["public_keys"][0]["kid"]]
    assert SigningSecret.objects.get(kind="hmac").reveal() == made["secret"]


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"kind": "rsa"}, "kind", "invalid_choice"),
        ({"kind": "ed25519"}, "kind", "not_asymmetric"),
        ({"kind": "ed25519", "secret": OWN}, "secret", "invalid"),
        ({"grace_seconds": -1}, "grace_seconds", "min_value"),
        ({"grace_seconds": 604801}, "grace_seconds", "max_value"),
        ({"grace_seconds": "long"}, "grace_seconds", "invalid"),
    ],
)
def test_a_rotation_that_cannot_be_made_changes_nothing(make, rotate, values, field, code):
    made = make().json()
    before = state()
    answer = rotate(made, **values)
    assert answer.status_code == 400
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]
    assert state() == before


def test_listing_endpoints_takes_no_more_queries_for_more_of_them(api, make):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert api.get("/api/v2/webhooks/").status_code == 200
        return len(captured)

    make(asymmetric=True)
    queries()
    one = queries()
    for _ in range(3):
        make(asymmetric=True)
    assert queries() == one


def test_a_changed_kind_of_signature_is_a_changed_endpoint(api, make):
    made = make()
    path = f"/api/v2/webhooks/{made.json()['id']}/"
    changed = api.patch(path, {"asymmetric": True}, headers={"If-Match": made["ETag"]})
    assert changed.status_code == 200
    late = api.patch(path, {"asymmetric": False}, headers={"If-Match": made["ETag"]})
    assert late.status_code == 412
    assert len(key_set(made.json())) == 1
