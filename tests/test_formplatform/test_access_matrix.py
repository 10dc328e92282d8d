"""Every URL of the API against everybody who may or may not call it."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import get_resolver
from rest_framework.test import APIClient

from formplatform.core.api_keys import SCOPES, create_key, revoke_key
from formplatform.core.clock import now
from formplatform.core.models import ApiKey
from formplatform.forms.access import Role, share_form
from formplatform.forms.memberships import FormMembership
from formplatform.forms.storage.registry import get_store
from integrations.webhooks.models import Delivery, SigningSecret, Webhook
from plugins.models import Plugin
from reporting.models import ReportRun, ScheduledReport
from tests.factories.forms import definition
from tests.test_formplatform.access_matrix import (
    ANY_SCOPE,
    ANYBODY,
    EDITOR,
    KNOWN,
    MATRIX,
    OWNER,
    SIGNING_IN,
    STAFF,
    SUBMITTER,
    VIEWER,
)

ROLES = [SUBMITTER, VIEWER, EDITOR]
RISING = ["stranger", SUBMITTER, VIEWER, EDITOR, OWNER, STAFF]
VERBS = ("get", "post", "put", "patch", "delete")
WEBHOOK_URL = "https://hooks.example.org/in"


def routes(node, prefix=""):
    for each in node.url_patterns:
        path = prefix + str(each.pattern)
        if hasattr(each, "url_patterns"):
            yield from routes(each, path)
        elif path.startswith("api/v2/"):
            view = getattr(each.callback, "view_class", None) or each.callback.cls
            for verb in VERBS:
                if hasattr(view, verb):
                    yield verb.upper(), path.removeprefix("api/v2/")


def test_every_url_of_the_api_has_its_row():
    assert set(routes(get_resolver())) == MATRIX.keys() | SIGNING_IN


class World:
    """A form with everything that can hang on one, and people of every kind."""

    def __init__(self):
        self.users = {name: User.objects.create_user(name) for name in ("stranger", *ROLES, OWNER)}
        self.users[STAFF] = User.objects.create_user("staff", is_staff=True)
        owner = self.client(OWNER)
        made = owner.post("/api/v2/forms/", {"title": "T", "definition": definition()}).json()
        self.form_id = made["id"]
        owner.post(f"/api/v2/forms/{self.form_id}/publish/")
        for role in ROLES:
            share_form(
                get_store().find_form(self.form_id), user_id=self.users[role].pk, role=Role(role)
            )
        answers = {"answers": {"vote": "yes"}}
        response = owner.post(f"/api/v2/forms/{self.form_id}/responses/", answers).json()
        wanted = {"url": WEBHOOK_URL, "form_id": self.form_id, "events": ["response.submitted"]}
        webhook = owner.post("/api/v2/webhooks/", wanted).json()
        sent = owner.post(f"/api/v2/webhooks/{webhook['id']}/test/").json()
        report = owner.post("/api/v2/reports/", {"form_id": self.form_id}).json()
        schedule = owner.post("/api/v2/schedules/", self.schedule()).json()
        saved = owner.post("/api/v2/analytics/saved-queries/", self.saved_query()).json()
        self.ids = {
            "<int:query_id>": str(saved["id"]),
            "<str:form_id>": self.form_id,
            "<int:number>": "1",
            "<str:username>": "submitter",
            "<str:response_id>": response["id"],
            "<str:field>": "vote",
            "<str:webhook_id>": webhook["id"],
            "<str:delivery_id>": sent["id"],
            "<int:report_id>": str(report["id"]),
            "<int:schedule_id>": str(schedule["id"]),
            "<slug:name>": "noop",
        }

    def schedule(self):
        return {"form_id": self.form_id, "cadence": "cron", "cron": "0 8 * * *"}

    def saved_query(self):
        query = {"aggregate": "count"}
        return {"form_id": self.form_id, "name": "All", "query": query, "sharing": "team"}

    def client(self, who, scopes=None, **options):
        client = APIClient(raise_request_exception=False)
        if scopes is None:
            client.force_authenticate(self.users[who])
            return client
        key, token = create_key(self.users[who], name="k", scopes=scopes, **options)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        client.key = key
        return client

    def send(self, client, method, route):
        path = route
        for place, value in self.ids.items():
            path = path.replace(place, value)
        if "<int:key_id>" in path:
            own = create_key(self.users["stranger"], name="own", scopes=SCOPES)[0]
            path = path.replace("<int:key_id>", str(own.pk))
        body = self.bodies().get((method, route), {})
        is_text = isinstance(body, str)
        answer = client.generic(
            method,
            f"/api/v2/{path}",
            body if is_text else json.dumps(body),
            content_type="application/x-ndjson" if is_text else "application/json",
        )
        if answer.streaming:
            answer.close()
        return answer

    def bodies(self):
        return {
            ("POST", "forms/"): {"title": "New", "definition": definition()},
            ("POST", "forms/<str:form_id>/members/"): {"username": "stranger", "role": "viewer"},
            ("POST", "forms/<str:form_id>/responses/"): {"answers": {"vote": "no"}},
            ("POST", "forms/<str:form_id>/responses/import/"): '{"vote": "no"}\n',
            ("PUT", "forms/<str:form_id>/responses/<str:response_id>/"): {
                "answers": {"vote": "no"},
                "revision": 1,
            },
            ("POST", "analytics/forms/<str:form_id>/query/"): {"aggregate": "count"},
            ("POST", "analytics/forms/<str:form_id>/export/"): {"aggregate": "count"},
            ("POST", "analytics/saved-queries/"): self.saved_query(),
            ("POST", "webhooks/"): {
                "url": WEBHOOK_URL,
                "form_id": self.form_id,
                "events": ["response.submitted"],
            },
            ("POST", "reports/"): {"form_id": self.form_id},
            ("POST", "schedules/"): self.schedule(),
            ("POST", "api-keys/"): {"name": "mine", "scopes": ["forms:read"]},
            ("POST", "cache/bump/"): {"tags": ["x"]},
            ("POST", "cache/invalidate/"): {"pattern": "x*"},
        }

    def state(self):
        """Whatever a refused request could have changed."""
        store = get_store()
        tables = (
            FormMembership,
            Webhook,
            SigningSecret,
            Delivery,
            ReportRun,
            ScheduledReport,
            Plugin,
        )
        return (
            store.find_form(self.form_id),
            store.list_versions(self.form_id),
            list(store.scan_responses(self.form_id)),
            [list(table.objects.order_by("pk").values()) for table in tables],
            list(ApiKey.objects.filter(name="mine").values()),
        )


@pytest.fixture
def world(database, form_store, settings, tmp_path):
    settings.REPORT_STORAGE_PATH = tmp_path / "reports"
    return World()


def allowed(answer):
    return answer.status_code not in (401, 403, 404)


@pytest.mark.parametrize(("method", "route"), MATRIX, ids=lambda part: part or "root")
def test_only_those_who_may_do_it_can(world, method, route):
    least, scope = MATRIX[method, route]
    before = world.state()
    nobody = world.send(APIClient(raise_request_exception=False), method, route)
    if least == ANYBODY:
        assert allowed(nobody)
        return
    assert nobody.status_code in (401, 404)
    lowest = "stranger" if least == KNOWN else least
    for who in RISING[: RISING.index(lowest)]:
        assert world.send(world.client(who), method, route).status_code in (403, 404), who
    needed = [each for each in SCOPES if each in (scope or "").split()]
    for lacking in [] if scope == ANY_SCOPE else needed or [None]:
        others = [each for each in SCOPES if each != lacking]
        assert world.send(world.client(lowest, others), method, route).status_code == 403
    revoked = world.client(lowest, SCOPES)
    revoke_key(revoked.key)
    expired = world.client(lowest, SCOPES, expires_at=now() - timedelta(seconds=1))
    for client in (revoked, expired):
        assert world.send(client, method, route).status_code == 401
    elsewhere = world.client(lowest, SCOPES, form_ids=["f" * 24])
    if "<str:form_id>" in route:
        assert world.send(elsewhere, method, route).status_code == 404
    assert world.state() == before
    answer = world.send(world.client(lowest, needed or None), method, route)
    assert allowed(answer), answer.reason_phrase
