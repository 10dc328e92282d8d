"""Schedules and reports in the admin."""

from typing import Any

from django.contrib import messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import FileResponse, Http404, HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from formplatform.core.admin_theme import Colour, ModelAdmin, action, display, register
from formplatform.core.errors import NotFoundError
from formplatform.core.features import Feature, is_enabled
from formplatform.core.figures import Figure, register_figure

from .admin_forms import ScheduleForm
from .delivery.storage import find_document
from .models import Cadence, ReportRun, RunState, ScheduledReport
from .scheduler.runs import remove_run
from .scheduler.schedules import run_now
from .scheduler.tasks import request_report

STATE_COLOURS = {
    RunState.QUEUED.value: Colour.QUIET,
    RunState.RUNNING.value: Colour.BUSY,
    RunState.SUCCEEDED.value: Colour.GOOD,
    RunState.FAILED.value: Colour.BAD,
}


class ScheduleAdmin(ModelAdmin[ScheduledReport]):
    form = ScheduleForm
    list_display = (
        *("title", "form_id", "timing", "timezone", "next_due_at", "enabled", "last_state"),
    )
    list_filter = ("enabled", "cadence")
    search_fields = ("title", "form_id")
    readonly_fields = ("created_at", "updated_at")
    autocomplete_fields = ("owner",)
    actions = ("run_selected",)
    fieldsets = (
        (None, {"fields": ("title", "form_id", "definition", "owner", "enabled")}),
        ("When", {"fields": ("cadence", "cron", "interval_seconds", "timezone", "next_due_at")}),
        ("Record", {"fields": ("created_at", "updated_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScheduledReport]:
        newest = ReportRun.objects.filter(schedule=OuterRef("pk")).order_by("-pk")
        found = super().get_queryset(request)
        return found.annotate(newest_state=Subquery(newest.values("state")[:1]))

    @display(description="when")
    def timing(self, schedule: ScheduledReport) -> str:
        if schedule.cadence == Cadence.INTERVAL:
            return f"every {schedule.interval_seconds or 0:,} s"
        return schedule.cron if schedule.cadence == Cadence.CRON else "once"

    @display(description="last report", colours=STATE_COLOURS)
    def last_state(self, schedule: ScheduledReport) -> str | None:
        state: str | None = getattr(schedule, "newest_state", None)
        return state

    @action(description="Make the selected reports now", permissions=["change"])
    def run_selected(self, request: HttpRequest, queryset: QuerySet[ScheduledReport]) -> None:
        for schedule in queryset:
            request_report(run_now(schedule, user_id=request.user.pk).pk)
        count = queryset.count()
        made = "One report is" if count == 1 else f"{count} reports are"
        self.message_user(request, f"{made} being made.", messages.SUCCESS)


class ReportAdmin(ModelAdmin[ReportRun]):
    """The ledger: looked at, downloaded, never edited."""

    list_display = (
        *("__str__", "form_id", "shown_state", "attempts", "created_at", "size", "outcome"),
    )
    list_filter = ("state",)
    search_fields = ("title", "form_id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ReportRun | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: ReportRun) -> None:
        remove_run(obj)

    def delete_queryset(
        self,
        request: HttpRequest,
        queryset: QuerySet[ReportRun],
    ) -> None:
        for run in queryset:
            remove_run(run)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.download)
        own = path("<int:run_id>/download/", view, name="reporting_reportrun_download")
        return [own, *super().get_urls()]

    def download(self, request: HttpRequest, run_id: int) -> FileResponse:
        run = self.get_object(request, str(run_id))
        if run is None or not self.has_view_permission(request, run):
            raise Http404
        try:
            return FileResponse(find_document(run.file).open("rb"), as_attachment=True)
        except NotFoundError as error:
            raise Http404(error.message) from error

    @display(description="state", ordering="state", colours=STATE_COLOURS)
    def shown_state(self, run: ReportRun) -> str:
        return run.state

    @display(description="outcome")
    def outcome(self, run: ReportRun) -> str:
        if run.state != RunState.SUCCEEDED:
            return run.error[:80]
        url = reverse("admin:reporting_reportrun_download", args=[run.pk])
        return format_html('<a href="{}">Download</a>', url)


def _count(**conditions: Any) -> int:
    return ReportRun.objects.filter(**conditions).count()


if is_enabled(Feature.PDF_REPORTS):
    register(ScheduledReport)(ScheduleAdmin)
    register(ReportRun)(ReportAdmin)
    register_figure(
        Figure(
            label="Schedules",
            count=lambda: ScheduledReport.objects.filter(enabled=True).count(),
            page="admin:reporting_scheduledreport_changelist",
            query="enabled__exact=1",
            permission="reporting.view_scheduledreport",
        )
    )
    register_figure(
        Figure(
            label="Failed reports",
            count=lambda: _count(state=RunState.FAILED),
            page="admin:reporting_reportrun_changelist",
            query="state__exact=failed",
            permission="reporting.view_reportrun",
            wanted=0,
        )
    )
