import pytest
from django.contrib import admin as django_admin
from django.urls import reverse


def test_the_admin_greets_who_logs_in(admin, look):
    look("admin-index")

    assert admin.title() != ""
    assert "ada" in admin.content()


@pytest.mark.parametrize("width", [1280, 500])
def test_every_admin_list_opens_without_an_error(admin, look, width):
    admin.set_viewport_size({"width": width, "height": 900})
    for model in django_admin.site._registry:
        meta = model._meta
        answer = admin.goto(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"))
        assert answer.status == 200, meta.label
        look(f"admin-{meta.model_name}-{width}")
