"""The admin site: its name, and other packages' pages in our theme.

Apps of others stand before `formplatform.core` in INSTALLED_APPS, so all are registered by now.
"""

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django_celery_beat.models import PeriodicTask

from . import admin_forms, admin_keys, admin_theme  # noqa: F401 - admin_keys registers

admin.site.site_header = "formplatform"
admin.site.site_title = "formplatform"
admin.site.index_title = "At a glance"


def _theme_registered() -> None:
    forms = {
        get_user_model(): admin_forms.account_forms(),
        PeriodicTask: admin_forms.periodic_task_forms(),
    }
    for model in apps.get_models():
        if admin.site.is_registered(model):
            registered = admin.site.get_model_admin(model)
            if not admin_theme.is_themed(registered):
                admin_theme.register_themed(model, type(registered), **forms.get(model, {}))


_theme_registered()
