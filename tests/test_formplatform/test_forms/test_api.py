import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from formplatform.core.api_keys import SCOPES, create_key, revoke_key
from formplatform.forms.storage.registry import get_store
from tests.factories.forms import FormResponseFactory, definition


@pytest.fixture
def ada():
    return User.objects.create_user("ada")


def client_of(user, scopes=SCOPES, **options):
    key, token = create_key(user, name="tests", scopes=scopes, **options)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    client.key = key
    return client


@pytest.fixture
def api(ada, form_store):
    return client_of(ada)


@pytest.fixture
def form_id(api):
    form = api.post("/api/v2/forms/", {"title": "Lunch", "definition": definition()}).json()
    assert api.post(f"/api/v2/forms/{form['id']}/publish/").status_code == 201
    return form["id"]


def test_a_form_is_created_published_and_answered(api, form_id):
    answer = api.post(f"/api/v2/forms/{form_id}/responses/", {"answers": {"vote": "Yes"}})

    assert answer.status_code == 201
    body = answer.json()
    assert (body["answers"], body["revision"], body["version"]) == ({"vote": "yes"}, 1, 1)
    listed = api.get(f"/api/v2/forms/{form_id}/responses/").json()
    assert [each["id"] for each in listed["results"]] == [body["id"]]


def test_wrong_answers_are_a_problem_document_that_names_them(api, form_id):
    answer = api.post(f"/api/v2/forms/{form_id}/responses/", {"answers": {"age": True}})

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "invalid_input"
    assert [(e["field"], e["code"]) for e in body["errors"]] == [("age", "wrong_type")]
    assert get_store().count_responses(form_id) == 0


def test_a_response_may_be_edited_more_often_than_32_bits_can_count(api, form_id):
    often = 2**31 - 1
    stored = FormResponseFactory(
        form_id=form_id, data={"age": 1}, revision=often, dispatched_revision=often
    )
    get_store().insert_response(stored)

    answer = api.put(
        f"/api/v2/forms/{form_id}/responses/{stored.id}/",
        {"answers": {"age": 2}, "revision": often},
    )

    assert (answer.status_code, answer.json()["revision"]) == (200, 2**31)
    (found,) = get_store().find_responses([stored.id])
    assert (found.data, found.revision, found.dispatched_revision) == ({"age": 2}, 2**31, 2**31)
    assert get_store().change_mark(form_id) == (1, 2**31)


def test_nobody_may_see_another_persons_form(form_id):
    stranger = client_of(User.objects.create_user("eve"))

    assert stranger.get(f"/api/v2/forms/{form_id}/").status_code == 404
    assert stranger.get("/api/v2/forms/").json()["count"] == 0
    submitted = stranger.post(f"/api/v2/forms/{form_id}/responses/", {"answers": {"vote": "yes"}})
    assert submitted.status_code == 404
    assert get_store().count_responses(form_id) == 0


def test_without_a_key_nothing_is_listed(form_id):
    assert APIClient().get("/api/v2/forms/").status_code == 401


def test_a_revoked_key_is_refused(ada, form_id):
    client = client_of(ada)
    revoke_key(client.key)

    assert client.get("/api/v2/forms/").status_code == 401


def test_a_key_without_the_scope_is_refused(ada, form_id):
    reader = client_of(ada, scopes=["forms:read"])

    assert reader.get("/api/v2/forms/").json()["count"] == 1
    created = reader.post("/api/v2/forms/", {"title": "X", "definition": definition()})
    assert created.status_code == 403
    assert reader.get("/api/v2/forms/").json()["count"] == 1


def test_a_public_form_takes_responses_from_anybody(api, form_id):
    api.patch(f"/api/v2/forms/{form_id}/", {"public": True})

    answer = APIClient().post(f"/api/v2/forms/{form_id}/responses/", {"answers": {"vote": "no"}})

    assert answer.status_code == 201


def test_the_members_of_a_form_are_listed_with_its_owner_who_stays(api, ada, form_id):
    User.objects.create_user("bob")
    url = f"/api/v2/forms/{form_id}/members/"
    assert api.get(url).json() == [{"username": "ada", "role": "owner"}]

    api.post(url, {"username": "bob", "role": "viewer"})
    demoted = api.post(url, {"username": "ada", "role": "viewer"})
    removed = api.delete(f"{url}ada/")

    assert (demoted.status_code, removed.status_code) == (409, 409)
    assert api.get(url).json() == [
        {"username": "ada", "role": "owner"},
        {"username": "bob", "role": "viewer"},
    ]


@pytest.mark.parametrize(
    "body",
    [
        b'{"answers": {"vote": "yes", "vote": "no"}}',
        b'{"answers": {"age": NaN}}',
        b'{"answers": {"name": "\\ud800"}}',
        b"\xff\xfe",
        b'{"answers": ' + b"[" * 5000,
        b"[1]",
        b"{",
        b'{"answers": {"age": ' + b"9" * 5000 + b"}}",
    ],
    ids=["duplicate", "nan", "surrogate", "not utf-8", "deep", "list", "cut off", "huge"],
)
def test_json_nobody_should_send_is_refused(api, form_id, body):
    url = f"/api/v2/forms/{form_id}/responses/"

    answer = api.generic("POST", url, body, content_type="application/json")

    assert answer.status_code == 400
    assert get_store().count_responses(form_id) == 0


def test_a_body_of_two_megabytes_is_refused(api, form_id):
    body = b'{"answers": {"name": "' + b"x" * 2_000_000 + b'"}}'

    answer = api.generic(
        "POST", f"/api/v2/forms/{form_id}/responses/", body, content_type="application/json"
    )

    assert answer.status_code == 413


def test_which_groups_are_too_small_to_be_shown_is_the_owner_s_to_say(api, form_id):
    editor = User.objects.create_user("edith")
    api.post(f"/api/v2/forms/{form_id}/members/", {"username": "edith", "role": "editor"})
    form = f"/api/v2/forms/{form_id}/"
    assert api.get(form).json()["min_cell"] == 0
    assert client_of(editor).patch(form, {"min_cell": 5}).status_code == 403
    assert api.patch(form, {"min_cell": 1001}).status_code == 400
    assert api.get(form).json()["min_cell"] == 0
    assert api.patch(form, {"min_cell": 5}).json()["min_cell"] == 5
    assert client_of(editor).patch(form, {"title": "Dinner"}).json()["min_cell"] == 5
    assert api.patch(form, {"min_cell": 0}).json()["min_cell"] == 0
