"""Signing in, the schema and its documentation, below /api/v2/."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from .permissions import OpenPermission

urlpatterns = [
    path("", include("rest_framework.urls", namespace="rest_framework")),  # login/ and logout/
    path(
        "schema/",
        SpectacularAPIView.as_view(permission_classes=[OpenPermission]),
        name="schema",
    ),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="schema", permission_classes=[OpenPermission]),
        name="docs",
    ),
]
