"""URLs below /.well-known/: places that others know without asking."""

from django.urls import path

from .jwks import WebhookKeySet

urlpatterns = [
    path("webhooks-jwks.json", WebhookKeySet.as_view(), name="webhooks-jwks"),
]
