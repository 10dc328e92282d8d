"""URLs below /api/v2/."""

from django.urls import path

from .views import BumpView, CacheView, InvalidateView

urlpatterns = [
    path("cache/", CacheView.as_view(), name="cache"),
    path("cache/bump/", BumpView.as_view(), name="cache-bump"),
    path("cache/invalidate/", InvalidateView.as_view(), name="cache-invalidate"),
]
