"""Forms of other packages' admin pages, with the theme's widgets where it needs them."""

from typing import Any

from django.conf import settings


def account_forms() -> dict[str, Any]:
    """Attributes of the user admin: the forms for passwords."""
    if settings.ADMIN_THEME != "unfold":
        return {}
    from unfold import forms

    return {
        "form": forms.UserChangeForm,
        "add_form": forms.UserCreationForm,
        "change_password_form": forms.AdminPasswordChangeForm,
    }


def periodic_task_forms() -> dict[str, Any]:
    """Attributes of the admin of beat's tasks: the form that chooses a task."""
    if settings.ADMIN_THEME != "unfold":
        return {}
    from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
    from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

    class ThemedTaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):  # type: ignore[misc]  # both untyped
        pass

    class ThemedPeriodicTaskForm(PeriodicTaskForm):  # type: ignore[misc]  # untyped
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.fields["task"].widget = UnfoldAdminTextInputWidget()
            self.fields["regtask"].widget = ThemedTaskSelect()

    return {"form": ThemedPeriodicTaskForm}
