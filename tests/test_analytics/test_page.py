"""Who may open the page of a form's numbers, and what it is made of."""

import re

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders

from formplatform.core.actors import Actor
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
        assert "<h1>Lunch &amp; &lt;more&gt;</h1>" in answer.content.decode()
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
