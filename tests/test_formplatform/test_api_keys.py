import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from rest_framework.test import APIClient

from formplatform.core.api_keys import SCOPES, create_key, find_key, rotate_key
from formplatform.core.clock import now
from formplatform.core.errors import ConflictError
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
    secret = made["token"].split("_", 2)[2]
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


def rotate(session, key, body=None):
    return session.post(f"{URL}{key.pk}/rotate/", body or {})


def test_rotating_gives_the_same_key_a_new_secret_shown_once(session, ada):
    expires_at = now() + timedelta(days=90)
    key, old = create_key(
        ada, name="ci", scopes=["forms:read"], form_ids=["a" * 24], expires_at=expires_at
    )
    with time_machine.travel(now(), tick=False):
        moment = now()
        answer = rotate(session, key)

    assert answer.status_code == 200
    new = answer.json()["token"]
    assert new != old
    assert new.startswith(f"fp_{key.prefix}_")
    assert find_key(new).pk == key.pk
    rotated = ApiKey.objects.get()
    kept = ("name", "scopes", "form_ids", "prefix", "created_at", "expires_at", "revoked_at")
    assert [getattr(rotated, name) for name in kept] == [getattr(key, name) for name in kept]
    assert rotated.previous_expires_at == moment + timedelta(hours=24)
    assert "token" not in session.get(URL).json()[0]
    assert new.split("_", 2)[2] not in str(ApiKey.objects.values().get())


@pytest.mark.parametrize(("body", "hours"), [({}, 24), ({"grace_seconds": 7200}, 2)])
def test_the_old_secret_stays_good_for_the_grace_and_no_longer(session, ada, body, hours):
    key, old = create_key(ada, name="ci", scopes=["forms:read"])
    new = rotate(session, key, body).json()["token"]

    with time_machine.travel(now() + timedelta(hours=hours, seconds=-5)):
        assert (find_key(old).pk, find_key(new).pk) == (key.pk, key.pk)
    with time_machine.travel(now() + timedelta(hours=hours)):
        assert find_key(old) is None
        assert find_key(new).pk == key.pk


def test_without_grace_the_old_secret_ends_at_once(session, ada):
    key, old = create_key(ada, name="ci", scopes=["forms:read"])
    assert find_key(old) is not None  # and is remembered

    new = rotate(session, key, {"grace_seconds": 0}).json()["token"]

    assert find_key(old) is None
    assert find_key(new).pk == key.pk


def test_rotating_twice_leaves_the_last_two_secrets(session, ada):
    key, first = create_key(ada, name="ci", scopes=["forms:read"])
    second, third = (rotate(session, key).json()["token"] for _ in range(2))

    assert find_key(first) is None
    assert (find_key(second).pk, find_key(third).pk) == (key.pk, key.pk)


def test_no_grace_outlives_the_key(session, ada):
    key, old = create_key(
        ada, name="ci", scopes=["forms:read"], expires_at=now() + timedelta(hours=1)
    )
    new = rotate(session, key).json()["token"]

    with time_machine.travel(now() + timedelta(hours=1)):
        assert (find_key(old), find_key(new)) == (None, None)


def test_revoking_a_rotated_key_ends_both_secrets(session, ada):
    key, old = create_key(ada, name="ci", scopes=["forms:read"])
    new = rotate(session, key).json()["token"]

    assert session.delete(f"{URL}{key.pk}/").status_code == 204

    assert (find_key(old), find_key(new)) == (None, None)


@pytest.mark.parametrize("ended", ["revoked_at", "expires_at"])
def test_a_key_that_has_ended_is_not_rotated(session, ada, ended):
    key, _ = create_key(ada, name="ci", scopes=["forms:read"])
    ApiKey.objects.update(**{ended: now()})
    before = ApiKey.objects.values().get()

    answer = rotate(session, key)

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert ApiKey.objects.values().get() == before


@pytest.mark.parametrize("grace", [-1, 30 * 86400 + 1, "soon", None, 1.5])
def test_a_grace_that_is_none_changes_nothing(session, ada, grace):
    key, _ = create_key(ada, name="ci", scopes=["forms:read"])
    before = ApiKey.objects.values().get()

    answer = rotate(session, key, {"grace_seconds": grace})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "grace_seconds"
    assert ApiKey.objects.values().get() == before


def test_a_key_cannot_rotate_keys_nor_a_person_somebody_elses(session, ada):
    other, token = create_key(User.objects.create_user("eve"), name="x", scopes=SCOPES)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    before = ApiKey.objects.values().get()

    assert rotate(client, other).status_code == 403
    assert rotate(session, other).status_code == 404

    last_used = {"last_used_at": ApiKey.objects.get().last_used_at}
    assert ApiKey.objects.values().get() == before | last_used


@pytest.mark.django_db(transaction=True)
def test_of_many_who_rotate_at_once_each_secret_that_was_shown_is_known(ada):
    key, first = create_key(ada, name="ci", scopes=["forms:read"])

    def turn(_):
        try:
            return rotate_key(ApiKey.objects.get(pk=key.pk))
        except ConflictError:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        shown = [token for token in pool.map(turn, range(6)) if token]

    known = [token for token in [first, *shown] if find_key(token) is not None]
    assert len(known) == 2  # the newest and the one before
    assert len(set(shown)) == len(shown) >= 1


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


@pytest.mark.parametrize(("action", "goes_on"), [("rotate", True), ("rotate_at_once", False)])
def test_the_admin_rotates_keys_and_shows_the_new_one_once(client, ada, action, goes_on):
    key, old = create_key(ada, name="ci", scopes=["forms:read"])
    client.force_login(ada)

    page = client.post(
        "/admin/core/apikey/", {"action": action, "_selected_action": [key.pk]}, follow=True
    ).content.decode()

    (new,) = set(re.findall(rf"fp_{key.prefix}_[\w-]{{43}}", page))
    assert new != old
    assert find_key(new).pk == key.pk
    assert (find_key(old) is not None) == goes_on
    assert new not in client.get("/admin/core/apikey/").content.decode()


def test_the_admin_says_why_a_revoked_key_is_not_rotated(client, ada):
    key, _ = create_key(ada, name="ci", scopes=["forms:read"])
    client.force_login(ada)
    client.post("/admin/core/apikey/", {"action": "revoke", "_selected_action": [key.pk]})
    before = ApiKey.objects.values().get()

    page = client.post(
        "/admin/core/apikey/", {"action": "rotate", "_selected_action": [key.pk]}, follow=True
    ).content.decode()

    assert "nothing was changed" in page
    assert ApiKey.objects.values().get() == before


def test_the_admin_revokes_keys(client, ada):
    key, token = create_key(ada, name="ci", scopes=["forms:read"])
    client.force_login(ada)

    client.post("/admin/core/apikey/", {"action": "revoke", "_selected_action": [key.pk]})

    assert find_key(token) is None
