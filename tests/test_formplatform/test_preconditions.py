"""ETag and If-Match: one contract for everything that PUT or PATCH edits."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.urls import get_resolver
from rest_framework.test import APIClient

from formplatform.core.api_keys import SCOPES, create_key
from formplatform.core.clock import now
from formplatform.core.errors import ChangedMeanwhileError
from formplatform.forms import catalog
from formplatform.forms.storage.registry import get_store
from integrations.webhooks import endpoints
from integrations.webhooks.models import Webhook
from reporting.models import ScheduledReport
from tests.subscriptions import DEFINITION
from tests.test_formplatform.test_access_matrix import routes

WEBHOOK = {"url": "https://hooks.example.com/in", "events": ["response.submitted"]}
EDITED = {
    "forms/<str:form_id>/": ("forms", {"title": "A", "definition": DEFINITION}, "title"),
    "forms/<str:form_id>/responses/<str:response_id>/": (
        "forms/{form}/responses",
        {"answers": {"age": 100}},
        "answers",
    ),
    "webhooks/<str:webhook_id>/": ("webhooks", {"form_id": "{form}", **WEBHOOK}, "description"),
    "schedules/<int:schedule_id>/": (
        "schedules",
        {"form_id": "{form}", "cadence": "cron", "cron": "0 8 * * *"},
        "title",
    ),
    "analytics/saved-queries/<int:query_id>/": (
        "analytics/saved-queries",
        {"form_id": "{form}", "name": "A", "query": {"aggregate": "count"}},
        "name",
    ),
    "plugins/<slug:name>/": ("plugins/noop", None, "settings"),
}
"""What is edited → (where it is made, of what, what the edits change)."""
MOVES = {"health"}
"""Figures beside what is edited."""


def client_of(user):
    _, token = create_key(user, name="k", scopes=SCOPES)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


class Edited:
    """One thing that is edited: reads it, changes it, deletes it."""

    def __init__(self, route, owner, form_id):
        place, body, self.field = EDITED[route]
        self.user = owner if body else User.objects.create_superuser("root")
        self.client = client_of(self.user)
        self.url = f"/api/v2/{place.format(form=form_id)}/"
        self.method = "put" if self.field == "answers" else "patch"
        if body is not None:
            body = {key: form_id if value == "{form}" else value for key, value in body.items()}
            self.url += f"{self.client.post(self.url, body).json()['id']}/"

    def read(self):
        answer = self.client.get(self.url)
        body = {key: value for key, value in answer.json().items() if key not in MOVES}
        return body, answer.headers["ETag"]

    def change(self, number, tag=None, client=None):
        value = {
            "answers": {"age": number},
            "settings": {"note": f"to {number}"},
        }.get(self.field, f"to {number}")
        headers = {} if tag is None else {"If-Match": tag}
        send = getattr(client or self.client, self.method)
        return send(self.url, {self.field: value}, headers=headers)

    def delete(self, tag):
        return self.client.delete(self.url, headers={"If-Match": tag})


@pytest.fixture(params=EDITED)
def edited(request, owner, survey):
    return Edited(request.param, owner, survey.id)


def test_everything_that_is_edited_keeps_the_contract():
    edited = {route for method, route in routes(get_resolver()) if method in {"PUT", "PATCH"}}

    assert edited - {"login/"} == EDITED.keys()


def test_a_tag_moves_with_an_edit_and_with_nothing_else(edited):
    _, first = edited.read()
    assert edited.read()[1] == first

    changed = edited.change(1)

    assert changed.status_code == 200
    _, second = edited.read()
    assert changed.headers["ETag"] == second != first
    assert (second[0], second[-1]) == ('"', '"')
    assert edited.change(2).headers["ETag"] not in {first, second}


def test_a_matching_tag_lets_the_change_through(edited):
    _, tag = edited.read()

    assert edited.change(1, tag).status_code == 200

    assert "1" in str(edited.read()[0][edited.field])


def test_another_tag_is_412_and_changes_nothing(edited):
    _, old = edited.read()
    edited.change(1)
    before = edited.read()

    refused = edited.change(2, old)

    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert edited.read() == before


@pytest.mark.parametrize("tag", ["", "1", '"nonsense"', 'W/"nonsense"', '"a", "b"', "\x7f"])
def test_what_names_no_state_of_ours_matches_nothing(edited, tag):
    before = edited.read()

    assert edited.change(1, tag).status_code == 412

    assert edited.read() == before


@pytest.mark.parametrize("wanted", ["*", "W/{}", '"other", {}'])
def test_a_star_a_weakened_tag_and_one_of_several_match(edited, wanted):
    _, tag = edited.read()

    assert edited.change(1, wanted.format(tag)).status_code == 200


def test_without_a_tag_the_last_change_counts(edited):
    assert [edited.change(number).status_code for number in (1, 2)] == [200, 200]

    assert "2" in str(edited.read()[0][edited.field])


@pytest.mark.parametrize("edited", EDITED.keys() - {"plugins/<slug:name>/"}, indirect=True)
def test_a_deletion_is_held_to_its_tag_too(edited):
    _, old = edited.read()
    edited.change(1)
    before = edited.read()

    refused = edited.delete(old)

    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert edited.read() == before
    assert edited.delete(before[1]).status_code == 204
    assert edited.client.get(edited.url).status_code == 404


def test_a_tag_tells_strangers_nothing(edited):
    _, tag = edited.read()
    stranger = client_of(User.objects.create_user("eve"))

    assert edited.change(1, tag, client=stranger).status_code in (403, 404)
    assert edited.change(1, '"other"', client=stranger).status_code in (403, 404)


@pytest.mark.django_db(transaction=True)
def test_of_many_changes_to_one_state_one_is_made(edited):
    _, tag = edited.read()
    client = client_of(edited.user)

    def send(number):
        try:
            return number, edited.change(number, tag, client=client).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        found = dict(pool.map(send, range(1, 7)))

    (winner,) = (number for number, status in found.items() if status == 200)
    assert sorted(found.values()) == [200] + [412] * 5
    assert str(winner) in str(edited.read()[0][edited.field])


def test_a_form_may_be_held_to_its_revision_and_to_its_tag(owner, survey):
    edited = Edited("forms/<str:form_id>/", owner, survey.id)
    body, tag = edited.read()
    assert tag == f'"{body["revision"]}"'

    refused = edited.client.patch(
        edited.url, {"title": "B", "revision": body["revision"] + 1}, headers={"If-Match": tag}
    )

    assert (refused.status_code, edited.read()) == (412, (body, tag))


def test_a_revision_that_is_yet_to_come_is_refused(survey):
    with pytest.raises(ChangedMeanwhileError):
        catalog.update_form(survey, title="B", expected_revision=survey.revision + 1)

    assert get_store().find_form(survey.id) == survey


def test_switching_a_webhook_off_is_a_change_of_it(owner, survey):
    edited = Edited("webhooks/<str:webhook_id>/", owner, survey.id)
    _, tag = edited.read()
    endpoints.disable(Webhook.objects.get().pk, reason=Webhook.DisabledReason.GONE)

    assert edited.change(1, tag).status_code == 412

    assert (Webhook.objects.get().description, Webhook.objects.get().status) == ("", "disabled")


def test_a_turn_that_passes_is_no_change_of_its_schedule(owner, survey):
    edited = Edited("schedules/<int:schedule_id>/", owner, survey.id)
    _, tag = edited.read()
    turn = now().replace(year=2050)
    ScheduledReport.objects.update(next_due_at=turn)

    assert edited.change(1, tag).status_code == 200
    assert ScheduledReport.objects.get().title == "to 1"
