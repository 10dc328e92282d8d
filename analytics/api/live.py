"""Live streams over HTTP: who may, what, and then the connection leaves this thread."""

from typing import Any, ClassVar

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from analytics import saved_queries
from analytics.fields.form_fields import fields_of_form
from analytics.live import hub
from analytics.live.handover import CHUNKED, Body, socket_of
from analytics.live.permits import Permit
from analytics.live.sources import FormNumbers, SavedAnswer, Source
from analytics.live.streams import Opening
from formplatform.core.actors import Actor
from formplatform.core.api.authentication import actor_of, token_of
from formplatform.core.api.rendering import FastJSONRenderer
from formplatform.core.errors import FieldError, InvalidInputError, PermissionDeniedError
from formplatform.forms.access import get_form

from .serializers import Plain, ZoneField

EVENTS = "text/event-stream"
MOST_FIELDS = 20
LONGEST_ID = 64
STREAM = {(200, EVENTS): OpenApiTypes.STR}
LAST_EVENT_ID = OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER)


class EventStreamRenderer(FastJSONRenderer):
    """Lets a reader ask for events; what is refused is refused in JSON."""

    media_type = EVENTS
    format = "events"


class LiveInput(serializers.Serializer[Plain]):
    timezone = ZoneField()

    def get_fields(self) -> dict[str, Any]:
        """`fields` is a word of the framework's."""
        text = f"Names of at most {MOST_FIELDS} fields whose distributions are shown."
        wanted = serializers.CharField(required=False, max_length=2000, help_text=text)
        return {**super().get_fields(), "fields": wanted}


class LiveView(APIView):
    read_scope: ClassVar[str] = "analytics:read"
    renderer_classes = [FastJSONRenderer, EventStreamRenderer]


@extend_schema(tags=["analytics"])
class FormLive(LiveView):
    @extend_schema(parameters=[LiveInput, LAST_EVENT_ID], responses=STREAM)
    def get(self, request: Request, form_id: str) -> HttpResponseBase:
        """The numbers of a form as they move: a snapshot, then what changes."""
        actor = actor_of(request)
        form = get_form(actor, form_id)
        asked = LiveInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        names = asked.validated_data.get("fields", "")
        source = FormNumbers(
            form_id=form.id,
            timezone=asked.validated_data["timezone"],
            fields=_known_fields(form.id, names),
        )
        return _stream(request, actor, source)


@extend_schema(tags=["analytics"])
class SavedQueryLive(LiveView):
    @extend_schema(parameters=[LAST_EVENT_ID], responses=STREAM)
    def get(self, request: Request, query_id: int) -> HttpResponseBase:
        """The answer to a saved query as it moves: a snapshot, then the rows that change."""
        actor = actor_of(request)
        saved = saved_queries.get_query(actor, query_id)
        saved_queries.check_query(actor, saved.form_id, saved.query)
        source = SavedAnswer(
            form_id=saved.form_id,
            query_id=saved.pk,
            personal_allowed=actor.has_scope(saved_queries.PERSONAL_SCOPE),
        )
        return _stream(request, actor, source)


def _known_fields(form_id: str, names: str) -> tuple[str, ...]:
    wanted = dict.fromkeys(name.strip() for name in names.split(",") if name.strip())
    known = fields_of_form(form_id)
    unknown = [name for name in wanted if known.find(name) is None]
    if unknown or len(wanted) > MOST_FIELDS:
        message = f'The form has no field "{unknown[0]}".' if unknown else "Too many fields."
        raise InvalidInputError(message, errors=[FieldError("fields", "invalid", message)])
    return tuple(sorted(wanted))


def _stream(request: Request, actor: Actor, source: Source) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse(content_type=EVENTS)
    if actor.user_id is None:
        raise PermissionDeniedError("A live stream is somebody's: sign in.")
    environ = request.META
    socket_of(environ)
    live = hub.current()
    opening = Opening(
        permit=Permit(
            actor=actor,
            source=source,
            token=None if actor.key_id is None else token_of(request),
            session=_session(request, actor),
        ),
        place=live.places.take(actor.user_id),
        seen=request.headers.get("Last-Event-ID", "")[:LONGEST_ID] or None,
        chunked=environ["SERVER_PROTOCOL"] == CHUNKED,
    )
    answer = StreamingHttpResponse(Body(live, opening, environ), content_type=EVENTS)
    answer["Cache-Control"] = "no-store"
    answer["X-Accel-Buffering"] = "no"  # a proxy in front hands on what it gets
    return answer


def _session(request: Request, actor: Actor) -> str | None:
    key: str | None = request.session.session_key if actor.key_id is None else None
    return key
