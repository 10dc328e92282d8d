"""The Django app."""

from django.apps import AppConfig


class ReportingConfig(AppConfig):
    name = "reporting"
    label = "reporting"

    def ready(self) -> None:
        from . import events  # noqa: F401 - registers
