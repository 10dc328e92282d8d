"""Live numbers and queries over HTTP: parse, ask the domain, answer."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics import metrics, query_builder, spans
from analytics.answers import QueryAnswer
from formplatform.core import clock
from formplatform.core.api.authentication import actor_of
from formplatform.forms.access import get_form

from .serializers import (
    DistributionOutput,
    MetricsInput,
    MetricsOutput,
    Plain,
    QueryInput,
    QueryOutput,
    TimeseriesInput,
    TimeseriesOutput,
)


@extend_schema(tags=["analytics"])
class AnalyticsView(APIView):
    """Asking a query reads, too, although it is posted."""

    read_scope: ClassVar[str] = "analytics:read"
    write_scope: ClassVar[str] = "analytics:read"


class MetricsView(AnalyticsView):
    @extend_schema(parameters=[MetricsInput], responses=MetricsOutput)
    def get(self, request: Request, form_id: str) -> Response:
        """Totals of a form, live."""
        form = get_form(actor_of(request), form_id)
        asked = MetricsInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(metrics.metrics_of(form.id, **asked.validated_data))


class TimeseriesView(AnalyticsView):
    @extend_schema(parameters=[TimeseriesInput], responses=TimeseriesOutput)
    def get(self, request: Request, form_id: str) -> Response:
        """Responses over time, in any zone; a last day belongs to the span whole."""
        form = get_form(actor_of(request), form_id)
        asked = TimeseriesInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        zone = asked.validated_data["timezone"]
        series = metrics.timeseries_of(
            form.id,
            granularity=asked.validated_data["granularity"],
            timezone=zone,
            since=spans.first_moment(asked.validated_data.get("from"), zone),
            until=spans.end_moment(asked.validated_data.get("to"), zone),
        )
        return Response(series)


class DistributionView(AnalyticsView):
    @extend_schema(responses=DistributionOutput)
    def get(self, request: Request, form_id: str, field: str) -> Response:
        """How the answers to one field are spread."""
        form = get_form(actor_of(request), form_id)
        return Response(metrics.distribution_of(form.id, field))


class QueryView(AnalyticsView):
    @extend_schema(request=QueryInput, responses=QueryOutput)
    def post(self, request: Request, form_id: str) -> Response:
        """Answer a query. Personal fields are open to those who may read the responses."""
        actor = actor_of(request)
        form = get_form(actor, form_id)
        answer = query_builder.run_query(
            form.id, request.data, personal_allowed=actor.has_scope("responses:read")
        )
        return Response(_answer_body(answer))


def _answer_body(answer: QueryAnswer) -> Plain:
    meta = {
        "engine": answer.engine,
        "as_of": clock.to_text(answer.as_of),
        "elapsed_ms": answer.elapsed_ms,
        "truncated": answer.truncated,
    }
    return {"data": answer.rows, "meta": meta}
