import json

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from formplatform.core.api_keys import SCOPES, create_key
from formplatform.forms.access import Role, share_form
from formplatform.forms.storage.registry import get_store
from tests.factories.forms import definition


def client_of(user):
    _, token = create_key(user, name="tests", scopes=SCOPES)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def api(form_store):
    return client_of(User.objects.create_user("ada"))


@pytest.fixture
def url(api):
    form = api.post("/api/v2/forms/", {"title": "Lunch", "definition": definition()}).json()
    assert api.post(f"/api/v2/forms/{form['id']}/publish/").status_code == 201
    api.form_id = form["id"]
    return f"/api/v2/forms/{form['id']}/responses/"


def put_in(api, url, body, kind="application/x-ndjson", **headers):
    return api.generic("POST", f"{url}import/", body, content_type=kind, headers=headers)


ROWS = b'{"answers": {"name": "Ada", "age": 36}}\n{"answers": {"age": "old"}}\n'


def test_good_rows_are_stored_and_wrong_ones_named(api, url):
    report = put_in(api, url, ROWS).json()

    assert (report["stored"], report["refused"]) == (1, 1)
    assert report["refusals"][0]["row"] == 2
    assert report["refusals"][0]["errors"][0]["field"] == "age"
    assert get_store().count_responses(api.form_id) == 1


def test_the_same_body_again_stores_nothing(api, url):
    put_in(api, url, ROWS)

    report = put_in(api, url, ROWS).json()

    assert (report["stored"], report["repeated"]) == (0, 1)
    assert get_store().count_responses(api.form_id) == 1


def test_csv_comes_in_and_goes_out(api, url):
    put_in(api, url, b"name,age,vote\nAda,36,Yes\n=1+1,7,no\n", "text/csv")

    answer = api.get(f"{url}export/", {"as": "csv"})

    text = b"".join(answer.streaming_content).decode()
    assert answer["Content-Type"] == "text/csv"
    assert len(text.splitlines()) == 3
    assert "\n=1+1" not in text
    assert ",=1+1" not in text


def test_ndjson_can_leave_personal_fields_out(api, url):
    put_in(api, url, ROWS)

    answer = api.get(f"{url}export/", {"pii": "false"})

    rows = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert [row["answers"] for row in rows] == [{"age": 36}]


def test_a_body_of_another_kind_is_refused(api, url):
    assert put_in(api, url, ROWS, "application/json").status_code == 415
    assert get_store().count_responses(api.form_id) == 0


@pytest.mark.parametrize(("kind", "status"), [("text/csv", 400), ("application/x-ndjson", 200)])
def test_a_body_of_no_bytes_stores_nothing(api, url, kind, status):
    assert put_in(api, url, b"", kind).status_code == status
    assert get_store().count_responses(api.form_id) == 0


def test_only_editors_may_import(api, url):
    eve = User.objects.create_user("eve")
    share_form(get_store().find_form(api.form_id), user_id=eve.pk, role=Role.VIEWER)

    assert put_in(client_of(eve), url, ROWS).status_code == 403
    assert get_store().count_responses(api.form_id) == 0


def test_an_unknown_format_is_refused(api, url):
    assert api.get(f"{url}export/", {"as": "docx"}).status_code == 400
