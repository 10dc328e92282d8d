"""URLs below /api/v2/."""

from django.urls import path

from .views import PluginDetail, PluginDisable, PluginEnable, PluginList

urlpatterns = [
    path("plugins/", PluginList.as_view(), name="plugins"),
    path("plugins/<slug:name>/", PluginDetail.as_view(), name="plugin"),
    path("plugins/<slug:name>/enable/", PluginEnable.as_view(), name="plugin-enable"),
    path("plugins/<slug:name>/disable/", PluginDisable.as_view(), name="plugin-disable"),
]
