from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from formplatform.core.api_keys import create_key
from plugins.sandbox import REFUSAL

PLUGINS = "/api/v2/plugins/"


@pytest.fixture
def staff(admin_user):
    client = APIClient()
    client.force_authenticate(admin_user)
    return client


def test_staff_see_every_plugin(staff, write_plugin, settings):
    settings.PLUGIN_ENABLE_SANDBOXING = True
    write_plugin("mine", "x = 1")

    found = {plugin["name"]: plugin for plugin in staff.get(PLUGINS).json()}

    assert found["mine"]["trust"] == "refused"
    assert found["mine"]["problem"] == REFUSAL
    noop = found["noop"]
    assert (noop["trust"], noop["problem"], noop["enabled"], noop["calls"]) == (
        "bundled",
        "",
        False,
        0,
    )
    assert noop["hooks"] == ["after_submit"]


def test_staff_switch_a_plugin(staff, submit):
    assert staff.post(f"{PLUGINS}noop/enable/").json()["enabled"] is True
    submit()
    found = staff.post(f"{PLUGINS}noop/disable/").json()

    assert (found["enabled"], found["calls"]) == (False, 1)
    assert staff.get(f"{PLUGINS}noop/").json() == found


def test_a_refused_plugin_says_why(staff, write_plugin, settings):
    settings.PLUGIN_ENABLE_SANDBOXING = True
    write_plugin("mine", "x = 1")

    answer = staff.post(f"{PLUGINS}mine/enable/")

    assert (answer.status_code, answer.json()["detail"]) == (409, REFUSAL)
    assert staff.get(f"{PLUGINS}mine/").json()["enabled"] is False


def test_settings_are_checked(staff):
    good = staff.patch(f"{PLUGINS}noop/", {"settings": {"note": "hello"}})
    assert (good.status_code, good.json()["settings"]) == (200, {"note": "hello"})

    for wrong in ({"note": 3}, {"other": 1}):
        assert staff.patch(f"{PLUGINS}noop/", {"settings": wrong}).status_code == 400
    for malformed in ({}, {"settings": []}, {"settings": None}):
        assert staff.patch(f"{PLUGINS}noop/", malformed).status_code == 400

    assert staff.get(f"{PLUGINS}noop/").json()["settings"] == {"note": "hello"}


@pytest.mark.parametrize("path", ["nobody/", "nobody/enable/", "nobody/disable/"])
def test_an_unknown_plugin_is_404(staff, path):
    answer = staff.get(PLUGINS + path) if path == "nobody/" else staff.post(PLUGINS + path)

    assert answer.status_code == 404


def test_others_get_nowhere(submit):
    client = APIClient()
    assert client.get(PLUGINS).status_code == 401
    client.force_authenticate(User.objects.create_user("clerk"))
    assert client.get(PLUGINS).status_code == 403
    assert client.post(f"{PLUGINS}noop/enable/").status_code == 403


def test_a_key_needs_the_scope(admin_user):
    client = APIClient()
    _, text = create_key(admin_user, name="k", scopes=["plugins:read"])
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")

    assert client.get(PLUGINS).status_code == 200
    assert client.post(f"{PLUGINS}noop/enable/").status_code == 403


def test_the_admin_lists_and_switches(admin_client, submit, row):
    page = admin_client.get("/admin/plugins/plugin/").content.decode()
    assert "No-op" in page
    assert "ready" in page

    selected = {"_selected_action": [row("noop").pk]}
    admin_client.post("/admin/plugins/plugin/", {"action": "enable", **selected})
    submit()
    assert (row("noop").enabled, row("noop").calls) == (True, 1)
    assert admin_client.get(f"/admin/plugins/plugin/{row('noop').pk}/change/").status_code == 200
    admin_client.post("/admin/plugins/plugin/", {"action": "disable", **selected})
    assert not row("noop").enabled


def test_the_admin_explains_a_refusal(admin_client, write_plugin, settings, row):
    settings.PLUGIN_ENABLE_SANDBOXING = True
    write_plugin("mine", "x = 1")
    admin_client.get("/admin/plugins/plugin/")

    page = admin_client.post(
        "/admin/plugins/plugin/",
        {"action": "enable", "_selected_action": [row("mine").pk]},
        follow=True,
    )

    assert "did not come with the platform" in page.content.decode()
    assert not row("mine").enabled


def test_the_command_lists_and_switches(database, row):
    out = StringIO()
    call_command("plugins", enable="noop", stdout=out)

    assert out.getvalue().startswith("noop 1.0.0  bundled  enabled  0 calls")
    assert row("noop").enabled
    call_command("plugins", disable="noop", stdout=out)
    assert not row("noop").enabled
    with pytest.raises(CommandError, match="no such plugin"):
        call_command("plugins", enable="nobody")


def test_who_may_only_look_cannot_switch(admin_client, row):
    from django.contrib.auth.models import Permission
    from django.test import Client

    admin_client.get("/admin/plugins/plugin/")
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_plugin"))
    theirs = Client()
    theirs.force_login(viewer)

    assert theirs.get("/admin/plugins/plugin/").status_code == 200
    body = {"action": "enable", "_selected_action": [row("noop").pk]}
    theirs.post("/admin/plugins/plugin/", body)
    assert not row("noop").enabled
