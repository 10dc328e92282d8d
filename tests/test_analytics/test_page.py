"""Who may open the page of a form's numbers, and what it is made of."""

import re
import shutil
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders

from analytics.models import SavedQuery
from formplatform.core.actors import Actor
from formplatform.core.static_files import HashedFiles
from formplatform.forms.access import Role, share_form
from formplatform.forms.catalog import create_form
from formplatform.forms.publishing import publish_form
from tests.test_analytics import study


@pytest.fixture
def ada():
    return User.objects.create_user("ada")


@pytest.fixture
def form(ada):
    actor = Actor(user_id=ada.pk)
    made = create_form(actor=actor, title="Lunch & <more>", definition=study.DEFINITION)
    publish_form(made, actor=actor)
    return made


def address(form):
    return f"/forms/{form.id}/analytics/"


def test_the_team_opens_the_page(client, form, ada):
    eve = User.objects.create_user("eve")
    share_form(form, user_id=eve.pk, role=Role.VIEWER)
    for reader in (ada, eve):
        client.force_login(reader)
        answer = client.get(address(form))
        assert answer.status_code == 200
        assert "<h1><bdi>Lunch &amp; &lt;more&gt;</bdi></h1>" in answer.content.decode()
        assert f'data-api="/api/v2/analytics/forms/{form.id}/metrics/"' in answer.content.decode()


@pytest.mark.parametrize("role", [None, Role.SUBMITTER])
def test_whoever_may_not_view_the_form_learns_nothing_of_it(client, form, role):
    eve = User.objects.create_user("eve")
    if role is not None:
        share_form(form, user_id=eve.pk, role=role)
    client.force_login(eve)

    refused = client.get(address(form))
    absent = client.get("/forms/000000000000000000000000/analytics/")

    assert (refused.status_code, absent.status_code) == (404, 404)
    assert refused.content == absent.content
    assert "Lunch" not in refused.content.decode()


def test_nobody_sees_it_without_signing_in(client, form):
    answer = client.get(address(form))

    assert answer.status_code == 302
    assert answer["Location"] == f"/api/v2/login/?next={address(form)}"


def test_a_key_of_the_api_does_not_open_the_page(client, form):
    answer = client.get(address(form), headers={"Authorization": "Bearer fp_whatever"})

    assert answer.status_code == 302


def test_the_page_runs_and_styles_nothing_but_files_of_ours(client, form, ada):
    client.force_login(ada)
    answer = client.get(address(form))
    policy = answer["Content-Security-Policy"]
    page = answer.content.decode()

    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page)
    for source in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        assert finders.find(source.removeprefix("/static/")), source


def test_in_production_modules_import_each_other_by_the_hash_of_their_content(tmp_path, settings):
    folder = Path(finders.find("analytics/start.js")).parent
    shutil.copytree(folder, tmp_path / "analytics")
    storage = HashedFiles(location=tmp_path)
    paths = {
        str(path.relative_to(tmp_path)): (storage, str(path.relative_to(tmp_path)))
        for path in tmp_path.rglob("*.js")
    }
    settings.DEBUG = False
    processed = storage.post_process(paths)
    results = {name: hashed for name, hashed, _ in processed if hashed.endswith(".js")}

    assert results.keys() == paths.keys()
    for hashed in results.values():
        source = tmp_path / hashed
        for imported in re.findall(r'^import .* from "(.+)";$', source.read_text(), re.MULTILINE):
            assert re.search(r"\.[0-9a-f]{12}\.js$", imported), (hashed, imported)
            assert (source.parent / imported).resolve().exists(), (hashed, imported)


SOURCES = sorted(Path(finders.find("analytics/start.js")).parent.rglob("*.*s*"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_file_of_the_page_can_be_read_in_one_sitting(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 200
    assert lines[0].startswith(("//", "/*")), "one sentence on what it is for"


def test_the_browsable_api_and_the_admin_link_to_the_page(client, form):
    root = User.objects.create_superuser("root")
    client.force_login(root)
    query = {"aggregate": "count"}
    SavedQuery.objects.create(owner=root, form_id=form.id, name="All", query=query)
    link = f'href="{address(form)}"'

    for place in (f"/api/v2/forms/{form.id}/", f"/api/v2/analytics/forms/{form.id}/metrics/"):
        assert link in client.get(place, headers={"Accept": "text/html"}).content.decode()
    absent = "/api/v2/forms/000000000000000000000000/"
    refused = client.get(absent, headers={"Accept": "text/html"}).content.decode()
    assert "/analytics/" not in refused
    assert link in client.get("/admin/analytics/savedquery/").content.decode()
