"""The Django app."""

from django.apps import AppConfig


class FormsConfig(AppConfig):
    name = "formplatform.forms"
    label = "forms"

    def ready(self) -> None:
        from . import subscribers  # noqa: F401 - registers
