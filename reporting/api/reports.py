"""Reports over HTTP: ask for one, follow it, download it."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from formplatform.core.actors import Actor
from formplatform.core.api.authentication import actor_of
from formplatform.core.api.idempotency import creates_once
from formplatform.core.errors import ConflictError, NotFoundError, PermissionDeniedError
from formplatform.forms.access import get_form
from reporting.definitions import definition_of
from reporting.delivery.storage import find_document
from reporting.models import ReportRun, RunState
from reporting.scheduler.schedules import queue_run
from reporting.scheduler.tasks import request_report

from .serializers import ReportInput, ReportOutput


def visible_runs(actor: Actor, *, form_id: str | None) -> QuerySet[ReportRun]:
    """Of a form the actor may view: all. Otherwise what they asked for; staff see everything."""
    runs = ReportRun.objects.all()
    if form_id:
        return runs.filter(form_id=get_form(actor, form_id).id)
    if actor.form_ids is not None:
        runs = runs.filter(form_id__in=actor.form_ids)
    return runs if actor.is_staff else runs.filter(requested_by_id=actor.user_id)


def get_run(actor: Actor, run_id: int) -> ReportRun:
    """Raises NotFoundError where there is none, or its form is not to be seen."""
    run = ReportRun.objects.filter(pk=run_id).first()
    if run is None:
        raise NotFoundError("There is no such report.")
    get_form(actor, run.form_id)
    return run


def user_id_of(actor: Actor) -> int:
    if actor.user_id is None:
        raise PermissionDeniedError("A report is made for a person: sign in first.")
    return actor.user_id


@extend_schema(tags=["reports"])
class ReportList(ListAPIView[ReportRun]):
    read_scope: ClassVar[str] = "reports:read"
    write_scope: ClassVar[str] = "reports:write"
    serializer_class = ReportOutput
    queryset = ReportRun.objects.none()

    def get_queryset(self) -> QuerySet[ReportRun]:
        form_id = self.request.query_params.get("form_id")
        return visible_runs(actor_of(self.request), form_id=form_id)

    @extend_schema(parameters=[OpenApiParameter("form_id", str)])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Your reports; with `form_id` those of a form you may view. Newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(request=ReportInput, responses={201: ReportOutput})
    @creates_once
    def post(self, request: Request) -> Response:
        """Have a report made now. Follow its state; then download it."""
        actor, wanted = actor_of(request), ReportInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        form = get_form(actor, wanted.validated_data["form_id"])
        definition = definition_of(form, wanted.validated_data)
        run = queue_run(
            form_id=form.id,
            title=definition.title or form.title,
            definition=definition.to_json(),
            user_id=user_id_of(actor),
        )
        request_report(run.pk)
        run.refresh_from_db()
        return Response(ReportOutput(run).data, status=201)


@extend_schema(tags=["reports"])
class ReportDetail(APIView):
    read_scope: ClassVar[str] = "reports:read"

    @extend_schema(responses=ReportOutput)
    def get(self, request: Request, report_id: int) -> Response:
        """`state` goes from queued over running to succeeded or failed."""
        return Response(ReportOutput(get_run(actor_of(request), report_id)).data)


@extend_schema(tags=["reports"])
class ReportDownload(APIView):
    read_scope: ClassVar[str] = "reports:read"
    also_answers: ClassVar[tuple[int, ...]] = (409,)

    @extend_schema(
        responses={(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY, "The PDF.")}
    )
    def get(self, request: Request, report_id: int) -> FileResponse:
        """The PDF itself, once the report has succeeded."""
        run = get_run(actor_of(request), report_id)
        return download(run)


def download(run: ReportRun) -> FileResponse:
    """The file as an attachment. Raises ConflictError before it is made, NotFoundError after."""
    if run.state != RunState.SUCCEEDED:
        raise ConflictError(f"The report is {run.state}: there is nothing to download.")
    path = find_document(run.file)
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"report-{run.pk}.pdf",
        content_type="application/pdf",
    )
