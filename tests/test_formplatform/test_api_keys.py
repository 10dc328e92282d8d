from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from formplatform.core.api_keys import create_key, find_key
from formplatform.core.clock import now
from formplatform.core.models import ApiKey

URL = "/api/v2/api-keys/"


@pytest.fixture
def ada():
    return User.objects.create_superuser("ada", password="engine-1843")


@pytest.fixture
def session(ada):
    client = APIClient()
    client.force_login(ada)
    return client


def test_a_key_is_shown_once_and_stored_as_a_digest(session):
    made = session.post(URL, {"name": "ci", "scopes": ["forms:read"]}).json()

    assert made["token"].startswith(f"fp_{made['prefix']}_")
    listed = session.get(URL).json()
    assert [key["name"] for key in listed] == ["ci"]
    assert "token" not in listed[0]
    secret = made["token"].rsplit("_", 1)[1]
    assert secret not in str(ApiKey.objects.values().get())


def test_a_key_cannot_make_or_list_keys(ada):
    _, token = create_key(ada, name="ci", scopes=["forms:write"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    assert client.get(URL).status_code == 403
    assert client.post(URL, {"name": "x", "scopes": ["forms:read"]}).status_code == 403
    assert ApiKey.objects.count() == 1


def test_an_expired_key_is_refused(ada):
    _, token = create_key(
        ada, name="ci", scopes=["forms:read"], expires_at=now() + timedelta(hours=1)
    )
    assert find_key(token) is not None

    with time_machine.travel(now() + timedelta(hours=1)):
        assert find_key(token) is None


@pytest.mark.parametrize(
    "token", ["", "fp_", "fp_x", "fp_x_y", "Bearer", "fp_" + "a" * 5000, "fp_é_ü"]
)
def test_nonsense_is_no_key(ada, token):
    create_key(ada, name="ci", scopes=["forms:read"])

    assert find_key(token) is None


def test_the_right_prefix_with_another_secret_is_no_key(ada):
    key, _ = create_key(ada, name="ci", scopes=["forms:read"])

    assert find_key(f"fp_{key.prefix}_{'x' * 43}") is None


def test_revoking_ends_a_key_and_keeps_it_listed(session, ada):
    key, token = create_key(ada, name="ci", scopes=["forms:read"])

    assert session.delete(f"{URL}{key.pk}/").status_code == 204

    assert find_key(token) is None
    assert session.get(URL).json()[0]["revoked_at"] is not None


def test_somebody_elses_key_is_not_there(session):
    other, token = create_key(User.objects.create_user("eve"), name="x", scopes=["forms:read"])

    assert session.delete(f"{URL}{other.pk}/").status_code == 404
    assert find_key(token) is not None


def test_unknown_scopes_make_no_key(session):
    answer = session.post(URL, {"name": "ci", "scopes": ["world:rule"]})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith("scopes")
    assert not ApiKey.objects.exists()


def test_the_command_prints_a_working_key(ada):
    out = StringIO()

    call_command("create_api_key", "--scope", "forms:read", "--days", "7", stdout=out)

    key = find_key(out.getvalue().strip())
    assert (key.user, key.scopes) == (ada, ["forms:read"])


def test_the_command_says_who_is_missing():
    with pytest.raises(CommandError, match="no such user"):
        call_command("create_api_key", "--user", "nobody")


def test_the_admin_shows_a_new_key_once(client, ada):
    client.force_login(ada)
    answer = client.post(
        "/admin/core/apikey/add/",
        {"user": ada.pk, "name": "ci", "scopes": ["forms:read"], "form_ids": "null"},
        follow=True,
    )

    key = ApiKey.objects.get()
    assert answer.status_code == 200
    assert f"fp_{key.prefix}_" in answer.content.decode()
    assert f"fp_{key.prefix}_…" in client.get("/admin/core/apikey/").content.decode()


def test_the_admin_revokes_keys(client, ada):
    key, token = create_key(ada, name="ci", scopes=["forms:read"])
    client.force_login(ada)

    client.post("/admin/core/apikey/", {"action": "revoke", "_selected_action": [key.pk]})

    assert find_key(token) is None
