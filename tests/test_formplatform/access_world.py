"""A form with everything that can hang on one, people of every kind, and their calls."""

import json

from django.apps import apps
from django.contrib.auth.models import User
from django.core.signals import request_finished
from django.db import close_old_connections
from django.db.models import Model
from rest_framework.test import APIClient

from formplatform.core.api_keys import SCOPES, create_key
from formplatform.core.clock import now
from formplatform.forms.access import Role, share_form
from formplatform.forms.storage.mongo import connection
from formplatform.forms.storage.mongo.documents import DOCUMENTS
from formplatform.forms.storage.registry import get_store
from integrations.webhooks.models import Delivery
from tests.factories.forms import definition
from tests.test_formplatform.access_matrix import (
    DONE,
    EDITOR,
    FORM,
    NUMBERS,
    OWNER,
    STAFF,
    SUBMITTER,
    VIEWER,
)

ROLES = [SUBMITTER, VIEWER, EDITOR]
OURS = ("core", "forms", "analytics", "integrations", "plugins", "reporting")
SEEN = {"last_used_at"}
"""Columns that a mere look may change."""

ASKED = {"/explain/": "?event_id=evt_1", "/query/": "?q=%7B%22aggregate%22:%22count%22%7D"}
"""What these URLs cannot do without."""


class World:
    def __init__(self, *, public=False):
        self.users = {name: User.objects.create_user(name) for name in ("stranger", *ROLES, OWNER)}
        self.users[STAFF] = User.objects.create_user("staff", is_staff=True)
        self.own_keys = {}
        owner = self.client(OWNER)
        made = self.make(owner, "forms/", {**self.form(), "public": public})
        self.form_id = made["id"]
        self.make(owner, f"forms/{self.form_id}/publish/", {})
        for role in ROLES:
            share_form(
                get_store().find_form(self.form_id), user_id=self.users[role].pk, role=Role(role)
            )
        answers = {"answers": {"vote": "yes"}}
        response = self.make(owner, f"forms/{self.form_id}/responses/", answers)
        webhook = self.make(owner, "webhooks/", self.webhook())
        sent = self.make(owner, f"webhooks/{webhook['id']}/test/", {})
        died = {"status": Delivery.Status.DEAD, "dead_reason": "exhausted", "finished_at": now()}
        Delivery.objects.filter(pk=sent["id"]).update(**died)
        self.ids = {
            "<int:query_id>": self.make(owner, "analytics/saved-queries/", self.saved_query()),
            "<str:form_id>": made,
            "<int:number>": {"id": 1},
            "<str:username>": {"id": "submitter"},
            "<str:response_id>": response,
            "<str:field>": {"id": "remark"},
            "<str:webhook_id>": webhook,
            "<str:delivery_id>": sent,
            "<int:report_id>": self.make(owner, "reports/", {"form_id": self.form_id}),
            "<int:schedule_id>": self.make(owner, "schedules/", self.schedule()),
            "<slug:name>": {"id": "noop"},
        }

    def make(self, client, path, body):
        answer = client.post(f"/api/v2/{path}", body)
        assert answer.status_code in (200, 201, 202), (path, answer.content)
        return answer.json()

    def form(self):
        remark = {"id": "remark", "type": "text", "label": "Anything else?"}
        return {"title": "T", "definition": {"fields": [*definition()["fields"], remark]}}

    def webhook(self):
        url = "https://hooks.example.org/in"
        return {"url": url, "form_id": self.form_id, "events": ["response.submitted"]}

    def schedule(self):
        return {"form_id": self.form_id, "cadence": "cron", "cron": "0 8 * * *"}

    def saved_query(self):
        query = {"aggregate": "count"}
        return {"form_id": self.form_id, "name": "All", "query": query, "sharing": "team"}

    def client(self, who, scopes=None, **options):
        """Somebody signed in; with scopes, a key of theirs (also in `key`)."""
        client = APIClient(raise_request_exception=False)
        client.who = who
        if who == "anonymous":
            return client
        if who not in self.own_keys:
            self.own_keys[who], _ = create_key(self.users[who], name="own", scopes=SCOPES)
        if scopes is None:
            client.force_authenticate(self.users[who])
            return client
        client.key, token = create_key(self.users[who], name="k", scopes=scopes, **options)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client

    def path(self, route, *, who=OWNER, **others):
        """The URL of a route; `others` puts another thing in place of the world's own."""
        ids = {place: str(thing["id"]) for place, thing in self.ids.items()}
        ids["<int:key_id>"] = str(self.own_keys.get(who, self.own_keys[OWNER]).pk)
        ids |= {f"<str:{name}>": value for name, value in others.items()}
        for place, value in ids.items():
            route = route.replace(place, value)
        asked = next((query for end, query in ASKED.items() if route.endswith(end)), "")
        return f"/api/v2/{route}{asked}"

    def send(self, client, row, **others):
        method, route = row
        body = self.bodies().get(row, {})
        is_text = isinstance(body, str)
        answer = client.generic(
            method,
            self.path(route, who=client.who, **others),
            body if is_text else json.dumps(body),
            content_type="application/x-ndjson" if is_text else "application/json",
        )
        if answer.streaming:
            _close(answer)
        return answer

    def status(self, client, row):
        """The status; every success is DONE.

        A stream ends up at the socket of a real server, which is not here: who got so far may.
        """
        found = self.send(client, row).status_code
        is_done = found // 100 == 2 or (row[1].endswith("live/") and found == 503)
        return DONE if is_done else found

    def bodies(self):
        return {
            ("POST", "forms/"): self.form(),
            ("POST", f"{FORM}members/"): {"username": "stranger", "role": "submitter"},
            ("POST", f"{FORM}responses/"): {"answers": {"vote": "no"}},
            ("POST", f"{FORM}responses/import/"): '{"vote": "no"}\n',
            ("PUT", f"{FORM}responses/<str:response_id>/"): {"answers": {"vote": "no"}},
            ("POST", f"{NUMBERS}query/"): {"aggregate": "count"},
            ("POST", f"{NUMBERS}export/"): {"aggregate": "count"},
            ("POST", "analytics/saved-queries/"): self.saved_query(),
            ("POST", "webhooks/"): self.webhook(),
            ("POST", "webhooks/dry-run/"): {
                "form_id": self.form_id,
                "events": ["response.submitted"],
            },
            ("POST", "reports/"): {"form_id": self.form_id},
            ("POST", "schedules/"): self.schedule(),
            ("POST", "api-keys/"): {"name": "mine", "scopes": ["forms:read"]},
            ("POST", "cache/bump/"): {"tags": ["x"]},
            ("POST", "cache/invalidate/"): {"pattern": "analytics.*"},
            ("PATCH", "plugins/<slug:name>/"): {"settings": {}},
        }


def _close(answer):
    """The end of a stream, but not of the connection that the test's transaction lives in."""
    request_finished.disconnect(close_old_connections)
    try:
        answer.close()
    finally:
        request_finished.connect(close_old_connections)


def everything():
    """All that is stored, in SQL and in documents."""
    kept = {
        model._meta.label: _rows_of(model)
        for app in OURS
        for model in apps.get_app_config(app).get_models()
    }
    if connection.settings.FORM_STORE == "mongo":
        for document in DOCUMENTS:
            kept[document.__name__] = list(connection.collection(document).find().sort("_id"))
    return kept


def _rows_of(model: type[Model]):
    columns = [each.attname for each in model._meta.concrete_fields if each.name not in SEEN]
    return list(model._default_manager.order_by("pk").values_list(*columns))
