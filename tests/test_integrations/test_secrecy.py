"""Where keys are never found: logs, statements, errors, attempts, pages, `repr`, the schema."""

import base64
import json
import logging
import re
import sys

import pytest
from django.contrib import admin
from django.core.signals import got_request_exception
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.views.debug import ExceptionReporter
from rest_framework.test import APIClient

from formplatform.core import clock
from formplatform.core.api_keys import SCOPES, create_key
from integrations.webhooks import keys, rotation
from integrations.webhooks.models import Attempt, SigningSecret, Webhook
from integrations.webhooks.sending.jobs import Destination, Job
from integrations.webhooks.tasks import deliver_due
from integrations.webhooks.tending import resealing
from tests.fakes.receiver import Receiver, Reply

pytestmark = pytest.mark.usefixtures("loopback")
BROUGHT = "whsec_" + base64.b64encode(bytes(range(1, 49))).decode()


@pytest.fixture
def api(owner):
    _, token = create_key(owner, name="tests", scopes=SCOPES)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def make(api, survey, url, **values):
    body = {"url": url, "form_id": survey.id, "events": ["response.submitted"], **values}
    return api.post("/api/v2/webhooks/", body)


def all_keys():
    """Every secret part that is stored: of a private key its seed, the other half is public."""
    texts = [row.reveal() for row in SigningSecret.objects.all()]
    assert texts, "there is something to hide"
    return [text.partition("_")[2][:40] for text in texts]


def leaked(text):
    """Those that stand in a text, as they are or as hexadecimal digits."""
    found = all_keys()
    raw = [base64.b64decode(key).hex() for key in found]
    return [key for key in (*found, *raw) if key in text]


@pytest.fixture
def everything_logged(caplog):
    """Every logger says all it can; the text of what was said and of every SQL statement."""
    names = [name for name, found in logging.root.manager.loggerDict.items() if found]
    for name in (None, *names):
        caplog.set_level(logging.DEBUG, logger=name)
    with CaptureQueriesContext(connection) as captured:
        yield lambda: caplog.text + repr([query["sql"] for query in captured.captured_queries])


def test_no_key_is_in_a_log_or_a_statement(everything_logged, api, survey, submit, settings):
    with Receiver(Reply(500)) as receiver:
        made = make(api, survey, receiver.url(), asymmetric=True, secret=BROUGHT).json()
        path = f"/api/v2/webhooks/{made['id']}/"
        shown = api.post(f"{path}rotate-secret/").json()["secret"]
        api.post(f"{path}rotate-secret/", {"kind": "ed25519"})
        api.post(f"{path}rotate-secret/", {"secret": "whsec_AAAA"})
        api.patch(path, {"description": "Changed"})
        submit()
        deliver_due.delay()
    settings.WEBHOOK_ENCRYPTION_KEYS = (b"n" * 32,)
    resealing.reseal()
    submit()
    deliver_due.delay()
    settings.WEBHOOK_ENCRYPTION_KEYS = ()
    assert made["secret"] == BROUGHT
    assert {BROUGHT[6:46], shown[6:46]} <= set(all_keys())
    text = everything_logged()
    assert "INSERT INTO" in text
    assert leaked(text) == []


def test_no_key_is_in_any_table_and_none_that_an_answer_repeats_in_an_attempt(api, survey, submit):
    with Receiver() as receiver:
        made = make(api, survey, receiver.url(), asymmetric=True, secret=BROUGHT)
        repeated = "\n".join(row.reveal() for row in SigningSecret.objects.all())
        receiver.on_request = lambda request: receiver.replies.insert(
            0, Reply(500, json.dumps(request.headers).encode() + repeated.encode())
        )
        submit()
        deliver_due.delay()
    assert made.status_code == 201
    attempt = Attempt.objects.get()
    assert attempt.response.count("[…]") >= 3
    assert leaked(attempt.response) == []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            assert leaked(repr(cursor.fetchall())) == [], table


def test_an_idempotency_key_remembers_no_secret(api, survey):
    body = {"url": "https://example.com/", "form_id": survey.id, "events": ["form.published"]}
    for _ in range(2):
        answer = api.post(
            "/api/v2/webhooks/", {**body, "secret": BROUGHT}, headers={"Idempotency-Key": "k"}
        )
    assert (answer.status_code, answer.json()["secret"]) == (201, None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM core_idempotentrequest")
        assert leaked(repr(cursor.fetchall())) == []


@pytest.fixture
def reports():
    """What would be mailed to whoever runs this, of every error of a request."""
    found = []

    def report(sender, request, **_):
        reporter = ExceptionReporter(request, *sys.exc_info())
        found.append(reporter.get_traceback_html() + reporter.get_traceback_text())

    got_request_exception.connect(report)
    yield found
    got_request_exception.disconnect(report)


def test_an_error_inside_shows_no_key_to_the_caller_the_log_or_the_operator(
    api, survey, settings, reports, caplog
):
    caplog.set_level(logging.DEBUG)
    made = make(api, survey, "https://example.com/", asymmetric=True, secret=BROUGHT).json()
    stored = list(SigningSecret.objects.values())
    settings.WEBHOOK_ENCRYPTION_KEYS = (b"too short",)
    answers = [
        make(api, survey, "https://example.com/b", secret=BROUGHT),
        api.post(f"/api/v2/webhooks/{made['id']}/rotate-secret/", {"secret": BROUGHT}),
    ]
    assert [answer.status_code for answer in answers] == [500, 500]
    assert list(SigningSecret.objects.values()) == stored
    settings.WEBHOOK_ENCRYPTION_KEYS = ()
    assert len(reports) == 2
    assert all("in add_secret" in report for report in reports)
    said = "".join([*reports, *(answer.content.decode() for answer in answers), caplog.text])
    assert leaked(said) == []


def test_a_refusal_does_not_repeat_the_secret_it_refuses(api, survey):
    for secret in ("hush-hush", "whsec_hush", "whsec_" + "hush" * 8, BROUGHT + "!hush"):
        answer = make(api, survey, "https://example.com/", secret=secret)
        assert answer.status_code == 400
        assert [error["field"] for error in answer.json()["errors"]] == ["secret"]
        assert "hush" not in answer.content.decode()
    assert Webhook.objects.count() == 0


def test_nothing_that_holds_a_key_shows_it_when_it_is_printed(subscribe):
    webhook, secret = subscribe("https://example.com/", asymmetric=True)
    in_use = webhook.secrets_in_use(clock.now())
    destination = Destination(webhook_id=webhook.pk, url=webhook.url, secrets=in_use)
    job = Job(
        delivery_id="d",
        event_id="e",
        seq=1,
        attempt_no=1,
        failures=0,
        body=b"{}",
        content_type="application/json",
        destination=destination,
    )
    rows = list(webhook.secrets.all())
    for thing in (webhook, *rows, rows, destination, job, [job], vars(webhook)):
        assert leaked(f"{thing} {thing!r}") == []
    assert sorted(str(row) for row in rows) == [
        f"whsec_… of {webhook.pk}",
        f"whsk_… of {webhook.pk}",
    ]
    assert secret in in_use


def test_no_page_of_the_admin_shows_a_key_that_is_stored(admin_client, subscribe, submit):
    with Receiver(Reply(500)) as receiver:
        webhook, _ = subscribe(receiver.url(), asymmetric=True)
        submit()
        deliver_due.delay()
    pages = [
        reverse(f"admin:integrations_webhook_{page}", args=[webhook.pk])
        for page in ("change", "history", "delete")
    ]
    for model, model_admin in admin.site._registry.items():
        if model._meta.app_label == "integrations":
            name = f"admin:integrations_{model._meta.model_name}"
            pages += [reverse(f"{name}_changelist")]
            found = model_admin.get_queryset(request_of(admin_client)).first()
            pages += [reverse(f"{name}_change", args=[found.pk])] if found else []
    assert SigningSecret not in admin.site._registry
    for page in pages:
        answer = admin_client.get(page)
        assert answer.status_code == 200, page
        assert leaked(answer.content.decode()) == [], page
    assert len(pages) >= 7


def request_of(client):
    return client.get(reverse("admin:index")).wsgi_request


ACTIONS = {"rotate": 24, "rotate_slowly": 7 * 24, "rotate_at_once": 0}


@pytest.mark.parametrize(("action", "hours"), ACTIONS.items())
def test_the_admin_rotates_with_a_chosen_grace_and_shows_the_secret_once(
    admin_client, subscribe, action, hours
):
    webhook, first = subscribe("https://example.com/")
    listing = reverse("admin:integrations_webhook_changelist")
    answer = admin_client.post(listing, {"action": action, "_selected_action": [webhook.pk]})
    newest, *older = webhook.secrets.all()
    assert newest.reveal() in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert [row.reveal() for row in older] == ([first] if hours else [])
    for row in older:
        assert round((row.expires_at - newest.created_at).total_seconds() / 3600) == hours
    for page in (listing, reverse("admin:integrations_webhook_change", args=[webhook.pk])):
        assert leaked(admin_client.get(page).content.decode()) == []


def test_the_admin_rotates_the_secret_of_one_endpoint_at_a_time(admin_client, subscribe):
    chosen = [subscribe("https://example.com/")[0].pk for _ in range(2)]
    before = list(SigningSecret.objects.values())
    page = reverse("admin:integrations_webhook_changelist")
    admin_client.post(page, {"action": "rotate_at_once", "_selected_action": chosen})
    assert list(SigningSecret.objects.values()) == before


def test_the_admin_gives_and_rotates_an_ed25519_key(admin_client, subscribe):
    webhook, _ = subscribe("https://example.com/")
    change = reverse("admin:integrations_webhook_change", args=[webhook.pk])
    shown = admin_client.get(change).context["adminform"].form.initial
    form = {name: "" if value is None else value for name, value in shown.items()}
    form["asymmetric"] = "on"
    listing = reverse("admin:integrations_webhook_changelist")
    rotate = {"action": "rotate_public_key", "_selected_action": [webhook.pk]}
    refused = admin_client.post(listing, rotate, follow=True).content.decode()
    assert "set asymmetric to true first" in refused
    assert admin_client.post(change, form).status_code == 302
    (first,) = rotation.public_keys(webhook.pk, at=clock.now())
    said = admin_client.post(listing, rotate, follow=True).content.decode()
    second, older = rotation.public_keys(webhook.pk, at=clock.now())
    assert (older.pk, older.expires_at is None) == (first.pk, False)
    assert second.public_key in said.replace("&#x3D;", "=").replace("&#x2B;", "+")
    assert leaked(said) == []


def test_the_schema_and_its_pages_hold_nothing_like_a_key(client):
    for path in ("/api/v2/schema/", "/api/v2/docs/"):
        text = client.get(path).content.decode()
        assert not re.search(r"whs(ec|k)_[A-Za-z0-9+/]{20}", text)
    assert re.search(r"whs(ec|k)_[A-Za-z0-9+/]{20}", keys.generate_private_key())
