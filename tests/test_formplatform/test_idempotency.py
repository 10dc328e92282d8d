"""Idempotency-Key: one contract for every POST that honours it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIClient

from analytics.models import SavedQuery
from formplatform.core.api_keys import SCOPES, create_key
from formplatform.core.clock import now
from formplatform.core.models import IdempotentRequest
from formplatform.forms.storage.base import FormQuery
from formplatform.forms.storage.registry import get_store
from integrations.webhooks.models import Webhook
from reporting.models import ReportRun, ScheduledReport
from tests.subscriptions import DEFINITION

WEBHOOK = {"url": "https://hooks.example.com/in", "events": ["response.submitted"]}
CRON = {"cadence": "cron", "cron": "0 8 * * *"}
CREATING = {
    "forms": ({"title": "A", "definition": DEFINITION}, {"title": "B"}),
    "forms/{form}/responses": ({"answers": {"vote": "yes"}}, {"answers": {"vote": "no"}}),
    "webhooks": ({"form_id": "{form}", **WEBHOOK}, {"description": "B"}),
    "reports": ({"form_id": "{form}"}, {"title": "B"}),
    "schedules": ({"form_id": "{form}", **CRON}, {"title": "B"}),
    "analytics/saved-queries": (
        {"form_id": "{form}", "name": "A", "query": {"aggregate": "count"}},
        {"name": "B"},
    ),
}
"""Where something is created → (a body, what another body has otherwise)."""
IMPORT = "forms/{form_id}/responses/import"
ROW, OTHER_ROW = b'{"vote": "yes"}\n', b'{"vote": "no"}\n'


def client_of(user):
    _, token = create_key(user, name="k", scopes=SCOPES)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def api(owner, settings, tmp_path):
    settings.REPORT_STORAGE_PATH = tmp_path / "reports"
    return client_of(owner)


class Creation:
    """One creating POST: sends it, says how much there is."""

    def __init__(self, place, form_id):
        body, otherwise = CREATING[place]
        self.url = f"/api/v2/{place.format(form=form_id)}/"
        self.body = {k: form_id if v == "{form}" else v for k, v in body.items()}
        self.other = self.body | otherwise
        self.form_id = form_id

    def send(self, client, body=None, key="k1"):
        return client.post(self.url, body or self.body, headers={"Idempotency-Key": key})

    def count(self):
        kept = (Webhook, ReportRun, ScheduledReport, SavedQuery)
        forms = get_store().list_forms(FormQuery()).total
        responses = get_store().count_responses(self.form_id)
        return forms + responses + sum(model.objects.count() for model in kept)


@pytest.fixture(params=CREATING)
def creation(request, survey):
    return Creation(request.param, survey.id)


def test_the_same_key_and_body_answer_the_first_result_and_create_nothing(api, creation):
    before = creation.count()

    first, again = creation.send(api), creation.send(api)

    assert first.status_code == 201
    assert again.status_code in (200, 201)
    assert again.json() == first.json() | ({"secret": None} if "secret" in first.json() else {})
    assert creation.count() == before + 1


def test_the_same_key_with_another_body_is_a_conflict_and_creates_nothing(api, creation):
    first = creation.send(api)
    before = creation.count()

    other = creation.send(api, creation.other)

    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert other.headers["Content-Type"] == "application/problem+json"
    assert creation.count() == before
    assert creation.send(api).json()["id"] == first.json()["id"]


def test_without_a_key_the_same_body_creates_again(api, creation):
    before = creation.count()

    made = [api.post(creation.url, creation.body).json()["id"] for _ in range(2)]

    assert len(set(made)) == 2
    assert creation.count() == before + 2


def test_what_is_refused_leaves_its_key_free(api, creation):
    before = creation.count()
    refused = creation.send(api, {"nonsense": True})
    assert (refused.status_code, creation.count()) == (400, before)

    assert creation.send(api).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_that_is_none_is_refused_and_creates_nothing(api, creation, key):
    before = creation.count()

    refused = creation.send(api, key=key)

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "Idempotency-Key"
    assert creation.count() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("creation", CREATING.keys() - {"reports"}, indirect=True)
def test_many_at_once_with_one_key_create_one(owner, creation):
    before = creation.count()
    clients = [client_of(owner)] * 6

    def send(numbered):
        number, client = numbered
        try:
            answer = creation.send(client, creation.other if number % 3 == 2 else creation.body)
        finally:
            connection.close()
        return answer.status_code, answer.json().get("id")

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(send, enumerate(clients)))

    assert creation.count() == before + 1
    kinds = Counter(status for status, _ in found)
    assert kinds[409] in (2, 4)  # whichever body came first keeps the key
    assert kinds[200] + kinds[201] == 6 - kinds[409]
    assert len({made for status, made in found if status != 409}) == 1


def test_a_key_is_its_caller_s(api, survey):
    creation = Creation("forms", survey.id)
    first = creation.send(api)

    other = creation.send(client_of(User.objects.create_user("eve")), creation.other)

    assert other.status_code == 201
    assert other.json()["id"] != first.json()["id"]


def test_a_day_later_a_key_may_stand_for_something_new(api, survey):
    creation = Creation("forms", survey.id)
    creation.send(api)

    with time_machine.travel(now() + timedelta(days=1, minutes=1)):
        other = creation.send(api, creation.other)

    assert (other.status_code, other.json()["title"]) == (201, "B")


def test_the_first_result_is_answered_whatever_became_of_it(api, survey):
    creation = Creation("webhooks", survey.id)
    first = creation.send(api).json()
    api.patch(f"{creation.url}{first['id']}/", {"description": "changed"})

    again = creation.send(api)

    assert (again.status_code, again.json()["description"]) == (201, "")
    assert again.headers["Idempotent-Replayed"] == "true"


def test_no_secret_is_kept_with_a_key(api, survey):
    secret = Creation("webhooks", survey.id).send(api).json()["secret"]

    assert secret.startswith("whsec_")
    assert secret not in str(IdempotentRequest.objects.values().get())


def test_every_operation_that_takes_a_key_keeps_the_contract():
    paths = APIClient().get("/api/v2/schema/", {"format": "json"}).json()["paths"]

    taking = {
        path.removeprefix("/api/v2/").strip("/")
        for path, methods in paths.items()
        for operation in methods.values()
        if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", []))
    }

    assert taking == {place.replace("{form}", "{form_id}") for place in CREATING} | {IMPORT}


def put_in(api, survey, body, kind="application/x-ndjson", key="k1"):
    url = f"/api/v2/forms/{survey.id}/responses/import/"
    headers = {"Idempotency-Key": key}
    return api.generic("POST", url, body, content_type=kind, headers=headers)


def test_an_import_s_key_stands_for_one_body(api, survey):
    first, again = (put_in(api, survey, ROW).json() for _ in range(2))

    other = put_in(api, survey, OTHER_ROW)

    assert (first["stored"], again["stored"], again["repeated"]) == (1, 0, 1)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    (stored,) = next(get_store().scan_responses(survey.id))
    assert stored.data == {"choice_1": "yes"}


def test_the_same_rows_under_another_key_are_another_import(api, survey):
    put_in(api, survey, ROW)

    assert put_in(api, survey, ROW, key="k2").json()["stored"] == 1


def test_a_day_later_another_body_loses_no_row_to_an_old_import(api, survey):
    put_in(api, survey, ROW)

    with time_machine.travel(now() + timedelta(days=1, minutes=1)):
        report = put_in(api, survey, OTHER_ROW).json()

    assert (report["stored"], report["repeated"]) == (1, 0)


def test_a_refused_import_leaves_its_key_free(api, survey):
    refused = put_in(api, survey, b"nonsense\n1\n", "text/csv")
    assert (refused.status_code, get_store().count_responses(survey.id)) == (400, 0)

    assert put_in(api, survey, b"vote\nyes\n", "text/csv").json()["stored"] == 1
