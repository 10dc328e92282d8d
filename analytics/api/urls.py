"""URLs below /api/v2/."""

from django.urls import path

from . import views

FORM = "analytics/forms/<str:form_id>/"

urlpatterns = [
    path(f"{FORM}metrics/", views.MetricsView.as_view(), name="metrics"),
    path(f"{FORM}timeseries/", views.TimeseriesView.as_view(), name="timeseries"),
    path(
        f"{FORM}fields/<str:field>/distribution/",
        views.DistributionView.as_view(),
        name="distribution",
    ),
    path(f"{FORM}query/", views.QueryView.as_view(), name="query"),
]
