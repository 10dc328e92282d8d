"""The Django app."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "formplatform.core"
    label = "core"
