"""URLs below /api/v2/."""

from django.urls import path

from .reports import ReportDetail, ReportDownload, ReportList
from .schedules import ScheduleDetail, ScheduleList, ScheduleRun

urlpatterns = [
    path("reports/", ReportList.as_view(), name="reports"),
    path("reports/<int:report_id>/", ReportDetail.as_view(), name="report"),
    path("reports/<int:report_id>/download/", ReportDownload.as_view(), name="report-download"),
    path("schedules/", ScheduleList.as_view(), name="schedules"),
    path("schedules/<int:schedule_id>/", ScheduleDetail.as_view(), name="schedule"),
    path("schedules/<int:schedule_id>/run/", ScheduleRun.as_view(), name="schedule-run"),
]
