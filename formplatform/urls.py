"""Composition: the one URL map that sees every app."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from formplatform.core.features import Feature, is_enabled

FAVICON = lazy(static, str)("formplatform/favicon.svg")

handler400 = "formplatform.core.api.exceptions.bad_request"
handler404 = "formplatform.core.api.exceptions.not_found"
handler500 = "formplatform.core.api.exceptions.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v2/", include("formplatform.forms.api.urls")),  # first: every response comes here
    path("api/v2/", include("formplatform.core.api.urls")),
    path("admin/", admin.site.urls),
    path("api/v2/", include("caching.api.urls")),
    path("favicon.ico", RedirectView.as_view(url=FAVICON)),
]

FEATURE_URLS = {
    Feature.ANALYTICS: "analytics.api.urls",
    Feature.PDF_REPORTS: "reporting.api.urls",
    Feature.PLUGINS: "plugins.api.urls",
    Feature.WEBHOOKS: "integrations.api.urls",
}
urlpatterns += [
    path("api/v2/", include(urls)) for feature, urls in FEATURE_URLS.items() if is_enabled(feature)
]
if is_enabled(Feature.WEBHOOKS):
    urlpatterns.append(path(".well-known/", include("integrations.api.well_known")))
if is_enabled(Feature.ANALYTICS):
    urlpatterns.append(path("", include("analytics.pages.urls")))
