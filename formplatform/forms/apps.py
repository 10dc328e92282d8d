"""The Django app."""

from django.apps import AppConfig


class FormsConfig(AppConfig):
    name = "formplatform.forms"
    label = "forms"
