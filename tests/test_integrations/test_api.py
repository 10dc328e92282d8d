"""Webhooks through the API: by whom, of what, and what a refusal leaves behind."""

import pytest
import standardwebhooks
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from formplatform.core.api_keys import SCOPES, create_key
from formplatform.forms.access import Role, share_form, unshare_form
from formplatform.forms.catalog import create_form
from integrations.webhooks import endpoints
from integrations.webhooks.models import Delivery, SigningSecret, Webhook
from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import OK, Receiver, Reply
from tests.subscriptions import DEFINITION

URL = "https://hooks.example.com/in?token=1"


def client_of(user, scopes=SCOPES, **options):
    _, token = create_key(user, name="tests", scopes=scopes, **options)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def api(owner):
    return client_of(owner)


@pytest.fixture
def member(survey):
    """A client of somebody with a role on the form, or none."""

    def member(role, name="mia"):
        user = get_user_model().objects.create_user(name)
        if role is not None:
            share_form(survey, user_id=user.pk, role=role)
        return client_of(user)

    return member


def make(api, survey, url=URL, **values):
    body = {"url": url, "form_id": survey.id, "events": ["response.submitted"], **values}
    return api.post("/api/v2/webhooks/", body)


def deliver():
    deliver_due.delay()


@pytest.mark.usefixtures("loopback")
def test_an_endpoint_is_made_tested_and_shown_with_its_health(api, survey):
    with Receiver() as receiver:
        made = make(api, survey, receiver.url(), description="CRM").json()
        sent = api.post(f"/api/v2/webhooks/{made['id']}/test/")
        deliver()
    assert sent.status_code == 202
    standardwebhooks.Webhook(made["secret"]).verify(
        receiver.received[0].body, receiver.received[0].headers
    )
    shown = api.get(f"/api/v2/webhooks/{made['id']}/").json()
    assert "secret" not in shown
    assert made == {**shown, "secret": made["secret"], "health": made["health"]}
    assert (shown["description"], shown["form_id"], shown["status"]) == (
        "CRM",
        survey.id,
        "enabled",
    )
    assert shown["health"]["state"] == "healthy"
    assert shown["health"]["delivered"] == 1
    delivery = api.get(f"/api/v2/deliveries/{sent.json()['id']}/").json()
    assert (delivery["status"], delivery["event_type"]) == ("delivered", "webhook.test")
    (attempt,) = delivery["attempts"]
    assert (attempt["outcome"], attempt["status_code"], attempt["response"]) == (
        "delivered",
        200,
        "ok",
    )


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"url": "http://127.0.0.1/"}, {"url": "private_address"}),
        ({"url": "https://u:p@example.com/"}, {"url": "userinfo"}),
        ({"url": "https://example.com:22/"}, {"url": "port"}),
        ({"events": []}, {"events": "min_length"}),
        ({"events": ["response.eaten"]}, {"events": "invalid_choice"}),
        ({"form_id": "x"}, {"form_id": "invalid"}),
        ({"url": None}, {"url": "null"}),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(api, survey, values, errors):
    answer = make(api, survey, **values)
    assert answer.status_code == 400
    found = {error["field"].partition("[")[0]: error["code"] for error in answer.json()["errors"]}
    assert {field.partition(".")[0]: code for field, code in found.items()} == errors
    assert (Webhook.objects.count(), SigningSecret.objects.count()) == (0, 0)


def test_a_repeated_key_makes_one_endpoint_with_one_secret_and_shows_it_once(api, survey):
    body = {"url": URL, "form_id": survey.id, "events": ["response.submitted"]}
    first = api.post("/api/v2/webhooks/", body, headers={"Idempotency-Key": "k1"})
    again = api.post("/api/v2/webhooks/", body, headers={"Idempotency-Key": "k1"})
    other = api.post(
        "/api/v2/webhooks/", {**body, "url": f"{URL}2"}, headers={"Idempotency-Key": "k1"}
    )
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["secret"] is None
    assert (Webhook.objects.count(), SigningSecret.objects.count()) == (1, 1)


def test_a_change_keeps_what_was_not_named(api, survey):
    made = make(api, survey, include_personal_data=True).json()
    answer = api.patch(f"/api/v2/webhooks/{made['id']}/", {"events": ["form.published"]})
    assert answer.status_code == 200
    assert answer.json()["events"] == ["form.published"]
    assert (answer.json()["url"], answer.json()["include_personal_data"]) == (URL, True)
    refused = api.patch(f"/api/v2/webhooks/{made['id']}/", {"url": "http://10.0.0.1/"})
    assert refused.status_code == 400
    assert Webhook.objects.get().url == URL


def test_a_rotation_answers_with_a_new_secret(api, survey):
    made = make(api, survey).json()
    rotated = api.post(f"/api/v2/webhooks/{made['id']}/rotate-secret/").json()
    assert rotated["secret"] != made["secret"]
    newest, older = Webhook.objects.get().secrets.all()
    assert (newest.reveal(), older.reveal()) == (rotated["secret"], made["secret"])
    assert older.expires_at is not None


def paths(webhook_id, delivery_id):
    return [
        ("get", f"/api/v2/webhooks/{webhook_id}/"),
        ("patch", f"/api/v2/webhooks/{webhook_id}/"),
        ("delete", f"/api/v2/webhooks/{webhook_id}/"),
        ("post", f"/api/v2/webhooks/{webhook_id}/test/"),
        ("post", f"/api/v2/webhooks/{webhook_id}/rotate-secret/"),
        ("post", f"/api/v2/webhooks/{webhook_id}/enable/"),
        ("post", f"/api/v2/webhooks/{webhook_id}/disable/"),
        ("get", f"/api/v2/webhooks/{webhook_id}/deliveries/"),
        ("get", f"/api/v2/deliveries/{delivery_id}/"),
        ("post", f"/api/v2/deliveries/{delivery_id}/redeliver/"),
    ]


def state():
    return (
        list(Webhook.objects.values()),
        list(SigningSecret.objects.values()),
        list(Delivery.objects.values()),
    )


@pytest.mark.parametrize("role", [None, Role.SUBMITTER, Role.VIEWER])
@pytest.mark.parametrize("form", ["of the form", "of every form"])
def test_who_may_not_edit_the_form_cannot_find_its_webhooks(
    api, survey, member, submit, role, form
):
    made = make(api, survey, form_id=survey.id if form == "of the form" else None).json()
    submit()
    delivery_id = Delivery.objects.get().pk
    client = member(role)
    before = state()
    for method, path in paths(made["id"], delivery_id):
        assert getattr(client, method)(path, {}).status_code == 404, path
    assert client.get("/api/v2/webhooks/").json()["results"] == []
    assert client.get("/api/v2/dead-letters/").json()["results"] == []
    assert client.post("/api/v2/dead-letters/replay/", {}).json() == {
        "matching": 0,
        "replayed": 0,
    }
    assert make(client, survey).status_code == (403 if role is Role.VIEWER else 404)
    assert state() == before


def test_an_editor_manages_the_webhooks_of_the_form(api, survey, member, submit):
    made = make(api, survey).json()
    editor = member(Role.EDITOR)
    assert [w["id"] for w in editor.get("/api/v2/webhooks/").json()["results"]] == [made["id"]]
    assert editor.post(f"/api/v2/webhooks/{made['id']}/disable/").status_code == 200
    assert api.get(f"/api/v2/webhooks/{made['id']}/").json()["disabled_reason"] == "by_owner"


@pytest.mark.usefixtures("loopback")
def test_the_endpoint_of_an_editor_who_left_gets_nothing(survey, member, submit):
    with Receiver() as receiver:
        editor = member(Role.EDITOR)
        assert make(editor, survey, receiver.url()).status_code == 201
        submit()
        deliver()
        unshare_form(survey, user_id=get_user_model().objects.get(username="mia").pk)
        submit()
        deliver()
        assert editor.get("/api/v2/webhooks/").json()["count"] == 0
    assert len(receiver.received) == 1


@pytest.mark.usefixtures("loopback")
def test_the_endpoint_of_a_closed_account_gets_nothing(owner, subscribe, submit):
    with Receiver() as receiver:
        subscribe(receiver.url())
        subscribe(receiver.url(), form_id="")
        get_user_model().objects.filter(pk=owner.pk).update(is_active=False)
        submit()
        deliver()
    assert receiver.received == []


def test_scopes_are_held_to(owner, survey):
    reader = client_of(owner, scopes=["webhooks:read"])
    assert reader.get("/api/v2/webhooks/").status_code == 200
    assert make(reader, survey).status_code == 403
    assert client_of(owner, scopes=["forms:write"]).get("/api/v2/webhooks/").status_code == 403
    assert APIClient().get("/api/v2/webhooks/").status_code == 401
    assert Webhook.objects.count() == 0


def test_a_key_for_one_form_reaches_no_endpoint_of_another(owner, actor, api, survey):
    other = create_form(actor=actor, title="Other", definition=DEFINITION)
    of_other = make(api, other).json()
    of_all = make(api, survey, form_id=None).json()
    mine = make(api, survey).json()
    narrow = client_of(owner, form_ids=[survey.id])
    assert [w["id"] for w in narrow.get("/api/v2/webhooks/").json()["results"]] == [mine["id"]]
    for hidden in (of_other, of_all):
        assert narrow.get(f"/api/v2/webhooks/{hidden['id']}/").status_code == 404
    assert make(narrow, survey, form_id=None).status_code == 403
    assert make(narrow, other).status_code == 404
    assert Webhook.objects.count() == 3


@pytest.mark.usefixtures("loopback")
def test_dead_letters_are_listed_and_replayed(api, survey, submit, settings):
    settings.WEBHOOK_MAX_RETRIES = 1
    with Receiver(Reply(500), Reply(500), OK) as receiver:
        made = make(api, survey, receiver.url()).json()
        submit()
        submit()
        deliver()
        listed = api.get("/api/v2/dead-letters/").json()
        assert listed["count"] == 2
        assert {d["dead_reason"] for d in listed["results"]} == {"exhausted"}
        one = listed["results"][0]["id"]
        answer = api.post("/api/v2/dead-letters/replay/", {"ids": [one]})
        assert (answer.status_code, answer.json()) == (202, {"matching": 1, "replayed": 1})
        deliver()
        answer = api.post("/api/v2/dead-letters/replay/", {"webhook_id": made["id"]})
        assert answer.json() == {"matching": 1, "replayed": 1}
        deliver()
    assert api.get("/api/v2/dead-letters/").json()["count"] == 0
    path = f"/api/v2/webhooks/{made['id']}/deliveries/"
    assert api.get(path, {"status": "delivered"}).json()["count"] == 2
    assert api.get(path, {"status": "eaten"}).status_code == 400
    page = api.get(path, {"limit": 1}).json()
    assert (page["count"], len(page["results"]), page["previous"]) == (2, 1, None)
    assert "offset=1" in page["next"]


@pytest.mark.usefixtures("loopback")
def test_a_delivery_on_its_way_is_not_sent_twice(api, survey, submit):
    with Receiver(Reply(500)) as receiver:
        make(api, survey, receiver.url())
        submit()
        deliver()
        before = state()
        answer = api.post(f"/api/v2/deliveries/{Delivery.objects.get().pk}/redeliver/")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert state() == before


def test_enabling_replays_what_was_missed_on_request(api, survey, submit):
    made = make(api, survey).json()
    submit()
    endpoints.disable(made["id"], reason=Webhook.DisabledReason.GONE)
    assert api.post(f"/api/v2/webhooks/{made['id']}/enable/").json() == {
        "replayed": 0,
        "remaining": 0,
    }
    assert Delivery.objects.get().status == "dead"
    answer = api.post(f"/api/v2/webhooks/{made['id']}/enable/", {"replay": True})
    assert answer.json() == {"replayed": 1, "remaining": 0}
    assert Delivery.objects.get().status == "pending"


def test_a_deleted_endpoint_is_gone(api, survey):
    made = make(api, survey).json()
    assert api.delete(f"/api/v2/webhooks/{made['id']}/").status_code == 204
    assert api.get(f"/api/v2/webhooks/{made['id']}/").status_code == 404
    assert api.get("/api/v2/webhooks/").json()["count"] == 0
    assert SigningSecret.objects.count() == 0


@pytest.mark.parametrize("wrong", ["x", "%00", "'", "..%2f", "0" * 5000])
def test_what_is_no_id_is_not_found(api, wrong):
    for method, path in paths(wrong, wrong):
        assert getattr(api, method)(path, {}).status_code == 404, path
