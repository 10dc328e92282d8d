"""Schedules over HTTP: make, change, remove, run now."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from formplatform.core.actors import Actor
from formplatform.core.api.authentication import actor_of
from formplatform.core.api.idempotency import creates_once
from formplatform.core.api.preconditions import content_tag, editing, tagged
from formplatform.core.errors import NotFoundError
from formplatform.forms.access import get_form
from reporting.models import ScheduledReport
from reporting.scheduler.planning import change_schedule, create_schedule
from reporting.scheduler.schedules import run_now
from reporting.scheduler.tasks import request_report

from .reports import user_id_of
from .serializers import ReportOutput, ScheduleChangeInput, ScheduleInput, ScheduleOutput


def visible_schedules(actor: Actor) -> QuerySet[ScheduledReport]:
    """One's own, narrowed by the key's forms; staff see all."""
    found = ScheduledReport.objects.all()
    if actor.form_ids is not None:
        found = found.filter(form_id__in=actor.form_ids)
    return found if actor.is_staff else found.filter(owner_id=actor.user_id)


def get_schedule(actor: Actor, schedule_id: int) -> ScheduledReport:
    """Raises NotFoundError."""
    schedule = visible_schedules(actor).filter(pk=schedule_id).first()
    if schedule is None:
        raise NotFoundError("There is no such schedule.")
    return schedule


class ScheduleScopes:
    read_scope: ClassVar[str] = "reports:read"
    write_scope: ClassVar[str] = "reports:write"


@extend_schema(tags=["schedules"])
class ScheduleList(ScheduleScopes, ListAPIView[ScheduledReport]):
    serializer_class = ScheduleOutput
    queryset = ScheduledReport.objects.none()

    def get_queryset(self) -> QuerySet[ScheduledReport]:
        return visible_schedules(actor_of(self.request))

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Your schedules, by title."""
        return super().get(request, *args, **kwargs)

    @extend_schema(request=ScheduleInput, responses={201: ScheduleOutput})
    @creates_once
    def post(self, request: Request) -> Response:
        """Have a report made once, at an interval, or by cron."""
        actor, wanted = actor_of(request), ScheduleInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        form = get_form(actor, wanted.validated_data["form_id"])
        schedule = create_schedule(form, wanted.validated_data, owner_id=user_id_of(actor))
        return _shown(schedule, status=201)


@extend_schema(tags=["schedules"])
class ScheduleDetail(ScheduleScopes, APIView):
    conditional: ClassVar[bool] = True

    @extend_schema(responses=ScheduleOutput)
    def get(self, request: Request, schedule_id: int) -> Response:
        return _shown(get_schedule(actor_of(request), schedule_id))

    @extend_schema(request=ScheduleChangeInput, responses=ScheduleOutput)
    def patch(self, request: Request, schedule_id: int) -> Response:
        """Change what is given. A changed timing sets the next turn anew."""
        actor, wanted = actor_of(request), ScheduleChangeInput(data=request.data)
        schedule = get_schedule(actor, schedule_id)
        wanted.is_valid(raise_exception=True)
        form = get_form(actor, schedule.form_id)
        with editing(request, _only(schedule), _tag) as newest:
            changed = change_schedule(newest, form, wanted.validated_data)
        return _shown(changed)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, schedule_id: int) -> Response:
        """Its reports stay."""
        schedule = get_schedule(actor_of(request), schedule_id)
        with editing(request, _only(schedule), _tag) as newest:
            newest.delete()
        return Response(status=204)


@extend_schema(tags=["schedules"])
class ScheduleRun(ScheduleScopes, APIView):
    @extend_schema(request=None, responses={201: ReportOutput})
    def post(self, request: Request, schedule_id: int) -> Response:
        """Have the report made now, besides its turns."""
        actor = actor_of(request)
        run = run_now(get_schedule(actor, schedule_id), user_id=user_id_of(actor))
        request_report(run.pk)
        run.refresh_from_db()
        return Response(ReportOutput(run).data, status=201)


def _shown(schedule: ScheduledReport, *, status: int = 200) -> Response:
    return tagged(ScheduleOutput(schedule).data, _tag(schedule), status=status)


def _only(schedule: ScheduledReport) -> QuerySet[ScheduledReport]:
    return ScheduledReport.objects.filter(pk=schedule.pk)


def _tag(schedule: ScheduledReport) -> str:
    """A turn that passes is no edit: the tag stays."""
    return content_tag(schedule.updated_at, schedule.enabled)
