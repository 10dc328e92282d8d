"""Signing in, the schema and its documentation, below /api/v2/."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from . import keys, root
from .permissions import OpenPermission

urlpatterns = [
    path("", root.Root.as_view(), name="root"),
    path("", include("rest_framework.urls", namespace="rest_framework")),  # login/ and logout/
    path("api-keys/", keys.ApiKeyList.as_view(), name="api-keys"),
    path("api-keys/<int:key_id>/", keys.ApiKeyDetail.as_view(), name="api-key"),
    path("api-keys/<int:key_id>/rotate/", keys.ApiKeyRotate.as_view(), name="rotate-api-key"),
    path(
        "schema/",
        SpectacularAPIView.as_view(permission_classes=[OpenPermission]),
        name="schema",
    ),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(
            url_name="schema",
            permission_classes=[OpenPermission],
            http_method_names=["get", "head"],  # it has no template for OPTIONS
        ),
        name="docs",
    ),
]
