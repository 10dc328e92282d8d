"""URLs below /api/v2/."""

from django.urls import path

from . import proofs, queries, views

FORM = "analytics/forms/<str:form_id>/"

urlpatterns = [
    path(f"{FORM}metrics/", views.MetricsView.as_view(), name="metrics"),
    path(f"{FORM}timeseries/", views.TimeseriesView.as_view(), name="timeseries"),
    path(
        f"{FORM}fields/<str:field>/distribution/",
        views.DistributionView.as_view(),
        name="distribution",
    ),
    path(f"{FORM}verify/", proofs.VerifyView.as_view(), name="verify-metrics"),
    path(f"{FORM}query/", queries.QueryView.as_view(), name="query"),
    path(f"{FORM}meta/", queries.QueryMetaView.as_view(), name="query-meta"),
    path("analytics/query/schema/", queries.QuerySchemaView.as_view(), name="query-schema"),
]
