"""URLs below /api/v2/."""

from django.urls import path

from . import exports, funnels, live, proofs, queries, saved_queries, statistics, views

FORM = "analytics/forms/<str:form_id>/"
SAVED = "analytics/saved-queries/"
ONE = f"{SAVED}<int:query_id>/"

urlpatterns = [
    path(f"{FORM}metrics/", views.MetricsView.as_view(), name="metrics"),
    path(f"{FORM}timeseries/", views.TimeseriesView.as_view(), name="timeseries"),
    path(
        f"{FORM}fields/<str:field>/distribution/",
        views.DistributionView.as_view(),
        name="distribution",
    ),
    path(f"{FORM}funnel/", funnels.FunnelView.as_view(), name="funnel"),
    path(f"{FORM}fields/<str:field>/terms/", statistics.TermsView.as_view(), name="terms"),
    path(f"{FORM}missing/", statistics.MissingView.as_view(), name="missing"),
    path(f"{FORM}verify/", proofs.VerifyView.as_view(), name="verify-metrics"),
    path(f"{FORM}query/", queries.QueryView.as_view(), name="query"),
    path(f"{FORM}meta/", queries.QueryMetaView.as_view(), name="query-meta"),
    path("analytics/query/schema/", queries.QuerySchemaView.as_view(), name="query-schema"),
    path(f"{FORM}export/", exports.ExportView.as_view(), name="export"),
    path(f"{FORM}live/", live.FormLive.as_view(), name="live"),
    path(SAVED, saved_queries.SavedQueryList.as_view(), name="saved-queries"),
    path(ONE, saved_queries.SavedQueryDetail.as_view(), name="saved-query"),
    path(f"{ONE}run/", saved_queries.SavedQueryRun.as_view(), name="run-saved-query"),
    path(f"{ONE}live/", live.SavedQueryLive.as_view(), name="live-saved-query"),
]
