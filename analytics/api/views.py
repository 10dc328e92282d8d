"""Live numbers over HTTP: parse, ask the domain, answer."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics import metrics, spans
from formplatform.core.api.authentication import actor_of
from formplatform.forms.access import get_form

from .serializers import (
    DistributionOutput,
    MetricsInput,
    MetricsOutput,
    TimeseriesInput,
    TimeseriesOutput,
)


@extend_schema(tags=["analytics"])
class AnalyticsView(APIView):
    read_scope: ClassVar[str] = "analytics:read"


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
