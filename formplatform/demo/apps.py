"""The Django app."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "formplatform.demo"
    label = "demo"
