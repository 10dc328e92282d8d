"""Queries under a name: kept only if they can be answered, seen only by those who see the form."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from analytics.models import SavedQuery
from formplatform.core.api_keys import SCOPES
from formplatform.forms import catalog
from formplatform.forms.access import Role, share_form
from formplatform.forms.storage.registry import get_store
from tests.test_analytics import study
from tests.test_analytics.test_api import client_of

URL = "/api/v2/analytics/saved-queries/"
BY_DEPARTMENT = {"aggregate": "count", "group_by": "department"}


@pytest.fixture
def ada():
    return User.objects.create_user("ada")


@pytest.fixture
def api(ada, form_store):
    return client_of(ada)


@pytest.fixture
def form_id(api):
    form = api.post("/api/v2/forms/", {"title": "Study", "definition": study.DEFINITION}).json()
    api.post(f"/api/v2/forms/{form['id']}/publish/")
    return form["id"]


@pytest.fixture
def eve(form_id):
    """Somebody who may see the form."""
    eve = User.objects.create_user("eve")
    share_form(get_store().find_form(form_id), user_id=eve.pk, role=Role.VIEWER)
    return eve


@pytest.fixture
def save(api, form_id):
    def post(**given):
        body = {"form_id": form_id, "name": "By department", "query": BY_DEPARTMENT}
        return api.post(URL, body | given)

    return post


def test_a_query_is_kept_and_answers_when_it_is_run(api, form_id, save):
    api.post(f"/api/v2/forms/{form_id}/responses/", {"answers": {"department": "IT"}})
    kept = save(description="who takes part").json()
    assert (kept["owner"], kept["sharing"], kept["revision"]) == ("ada", "private", 1)
    found = api.post(f"{URL}{kept['id']}/run/").json()
    assert found["data"] == [{"_id": "it", "value": 1}]
    assert [(each["name"], each["type"]) for each in found["columns"]] == [
        ("department", "choice"),
        ("value", "count"),
    ]
    assert api.get(URL).json()["results"] == [kept]
    assert api.get(URL, {"form_id": form_id}).json()["count"] == 1


def test_a_query_nobody_could_answer_is_not_kept(save):
    wrong = save(query={"aggregate": "count", "filter": {"agee": 1}})
    assert wrong.status_code == 400
    (error,) = wrong.json()["errors"]
    assert (error["field"], error["code"]) == ("filter.agee", "unknown_field")
    assert not SavedQuery.objects.exists()


def test_sharing_with_a_name_nobody_has_keeps_nothing(save):
    wrong = save(sharing="users", shared_with=["nobody"])
    assert wrong.json()["errors"][0]["field"] == "shared_with"
    assert not SavedQuery.objects.exists()


def test_a_query_whose_field_has_vanished_says_so_when_it_is_run(api, save):
    kept = save().json()
    gone = {"aggregate": "count", "group_by": "region"}
    SavedQuery.objects.filter(pk=kept["id"]).update(query=gone)  # kept while there was a region
    answer = api.post(f"{URL}{kept['id']}/run/")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "group_by"
    assert answer.json()["errors"][0]["code"] == "unknown_field"


@pytest.mark.parametrize(
    ("sharing", "status"),
    [
        ({"sharing": "private"}, 404),
        ({"sharing": "team"}, 200),
        ({"sharing": "users", "shared_with": ["eve"]}, 200),
        ({"sharing": "users", "shared_with": ["ada"]}, 404),
        ({"sharing": "private", "shared_with": ["eve"]}, 404),
    ],
)
def test_sharing_says_who_else_sees_a_query(eve, save, sharing, status):
    kept = save(**sharing).json()
    other = client_of(eve)
    assert other.get(f"{URL}{kept['id']}/").status_code == status
    assert other.post(f"{URL}{kept['id']}/run/").status_code == status
    assert other.get(URL).json()["count"] == int(status == 200)


def test_a_form_one_may_not_see_hides_its_queries(ada, form_id, save):
    stranger = User.objects.create_user("stranger")
    kept = save(sharing="team").json()
    named = save(sharing="users", shared_with=["stranger"]).json()
    other = client_of(stranger)
    for query in (kept, named):
        assert other.get(f"{URL}{query['id']}/").status_code == 404
        assert other.post(f"{URL}{query['id']}/run/").status_code == 404
        assert other.delete(f"{URL}{query['id']}/").status_code == 404
    assert other.get(URL).json()["count"] == 0
    assert other.get(URL, {"form_id": form_id}).status_code == 404
    assert other.post(URL, kept).status_code == 404
    elsewhere = client_of(ada, form_ids=["0" * 24])
    assert elsewhere.get(URL).json()["count"] == 0
    assert SavedQuery.objects.count() == 2


def test_only_its_owner_changes_a_query(api, eve, save):
    kept = save(sharing="team").json()
    url = f"{URL}{kept['id']}/"
    other = client_of(eve)
    assert other.patch(url, {"name": "mine"}).status_code == 403
    assert other.delete(url).status_code == 403
    assert api.get(url).json() == kept
    changed = api.patch(url, {"name": "Teams", "revision": 1, "shared_with": ["eve"]}).json()
    assert (changed["name"], changed["revision"]) == ("Teams", 2)
    assert changed["shared_with"] == ["eve"]
    assert api.patch(url, {"name": "late", "revision": 1}).status_code == 409
    assert api.patch(url, {"query": {"aggregate": "nope"}}).status_code == 400
    assert api.get(url).json()["name"] == "Teams"
    assert api.delete(url).status_code == 204
    assert not SavedQuery.objects.exists()


def test_a_key_needs_the_scopes(ada, save):
    kept = save().json()
    reader = client_of(ada, scopes=["analytics:read"])
    assert reader.post(f"{URL}{kept['id']}/run/").status_code == 200
    assert reader.post(URL, kept).status_code == 403
    assert client_of(ada, scopes=["forms:read"]).get(URL).status_code == 403


def test_a_personal_field_stays_closed_to_a_key_without_the_responses(ada, save):
    kept = save(query={"aggregate": "count", "group_by": "email"}).json()
    narrow = client_of(ada, scopes=["analytics:read", "analytics:write"])
    refused = narrow.post(f"{URL}{kept['id']}/run/")
    assert refused.json()["errors"][0]["code"] == "personal_data"
    assert client_of(ada, scopes=SCOPES).post(f"{URL}{kept['id']}/run/").status_code == 200


def test_an_idempotency_key_keeps_one_query(api, form_id):
    body = {"form_id": form_id, "name": "once", "query": BY_DEPARTMENT}
    answers = [api.post(URL, body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert SavedQuery.objects.count() == 1


def test_the_admin_refuses_what_the_form_cannot_answer(client, ada, form_id):
    client.force_login(User.objects.create_superuser("root"))
    page = reverse("admin:analytics_savedquery_add")
    given = {"owner": ada.pk, "form_id": form_id, "name": "typed", "sharing": "private"}
    wrong = client.post(page, given | {"query": '{"aggregate": "count", "group_by": "nope"}'})
    assert "There is no field" in wrong.content.decode()
    assert not SavedQuery.objects.exists()
    client.post(page, given | {"query": '{"aggregate": "count"}'})
    assert SavedQuery.objects.get().query == {"aggregate": "count"}
    listed = client.get(reverse("admin:analytics_savedquery_changelist"))
    assert "typed" in listed.content.decode()


def test_a_deleted_form_hides_its_queries(api, save, form_id):
    kept = save().json()
    catalog.delete_form(get_store().find_form(form_id))
    assert api.get(f"{URL}{kept['id']}/").status_code == 404
    assert api.get(URL).json()["count"] == 0
