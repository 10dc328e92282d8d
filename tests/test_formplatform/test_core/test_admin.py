import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.admin import ModelAdmin as PlainModelAdmin
from django.urls import reverse

from formplatform.core import figures
from formplatform.core.admin_theme import StackedInline, TabularInline, is_themed
from formplatform.core.errors import UnavailableError

REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(figures, "_figures", {})


def figure(**changes):
    facts = {
        "label": "Accounts",
        "count": lambda: 3,
        "page": "admin:auth_user_changelist",
        "permission": "auth.view_user",
    }
    return figures.Figure(**(facts | changes))


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_every_admin_page_wears_the_theme(model):
    model_admin = admin.site.get_model_admin(model)

    assert is_themed(model_admin)
    assert all(issubclass(i, TabularInline | StackedInline) for i in model_admin.inlines)


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_every_admin_list_and_form_opens(admin_client, model):
    name = f"{model._meta.app_label}_{model._meta.model_name}"

    assert admin_client.get(reverse(f"admin:{name}_changelist")).status_code == 200
    if admin.site.get_model_admin(model).has_add_permission(FakeRequest()):
        assert admin_client.get(reverse(f"admin:{name}_add")).status_code == 200


class FakeRequest:
    class user:  # noqa: N801 - stands in for request.user
        has_perm = staticmethod(lambda *_: True)


def test_the_first_page_shows_the_figures_with_their_links(admin_client, registry):
    figures.register_figure(figure(query="is_active__exact=1"))

    page = admin_client.get("/admin/").content.decode()

    assert "<strong>3</strong>" in page
    assert 'href="/admin/auth/user/?is_active__exact=1"' in page
    assert "fp-alarming" not in page


def test_a_figure_that_needs_attention_stands_out(admin_client, registry):
    figures.register_figure(figure(wanted=0))

    assert "fp-alarming" in admin_client.get("/admin/").content.decode()


def test_the_first_page_opens_while_a_store_is_down(admin_client, registry):
    def refuse():
        raise UnavailableError("down")

    figures.register_figure(figure(count=refuse))

    page = admin_client.get("/admin/")

    assert page.status_code == 200
    assert "store not reachable" in page.content.decode()


def test_a_figure_is_hidden_from_who_may_not_see_its_page(client, registry, django_user_model):
    client.force_login(django_user_model.objects.create_user("clerk", is_staff=True))
    figures.register_figure(figure())

    assert "fp-figure" not in client.get("/admin/").content.decode()


def test_every_account_page_has_the_forms_of_the_theme(admin_client, admin_user):
    assert admin_client.get(f"/admin/auth/user/{admin_user.pk}/change/").status_code == 200
    assert admin_client.get(f"/admin/auth/user/{admin_user.pk}/password/").status_code == 200


PLAIN = """
import django; django.setup()
from django.contrib import admin
from django.test import Client
from django.conf import settings
from django.contrib.admin import ModelAdmin
assert "unfold" not in settings.INSTALLED_APPS
bases = {base for m in admin.site._registry.values() for base in type(m).__mro__}
assert not [base for base in bases if base.__module__.startswith("unfold")]
assert all(isinstance(m, ModelAdmin) for m in admin.site._registry.values())
print(Client(SERVER_NAME="localhost").get("/admin/login/").status_code)
"""


def test_the_plain_theme_needs_nothing_of_the_other_one():
    done = subprocess.run(
        [sys.executable, "-c", PLAIN],
        env={
            **os.environ,
            "ADMIN_THEME": "plain",
            "DJANGO_SETTINGS_MODULE": "formplatform.settings.test",
        },
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.returncode) == ("200\n", 0), done.stderr


def test_the_shim_is_the_only_door_to_the_theme():
    importers = [
        str(path.relative_to(settings.BASE_DIR))
        for app in ("formplatform", "analytics", "caching", "integrations", "reporting", "plugins")
        for path in (settings.BASE_DIR / app).rglob("*.py")
        if "unfold" in path.read_text() and "import" in path.read_text()
        for line in path.read_text().splitlines()
        if line.strip().startswith(("from unfold", "import unfold"))
    ]

    assert set(importers) == {
        "formplatform/core/admin_theme.py",
        "formplatform/core/admin_forms.py",
    }
    assert issubclass(type(admin.site.get_model_admin(REGISTERED[0])), PlainModelAdmin)
