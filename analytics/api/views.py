"""Live numbers over HTTP: parse, ask the domain, answer."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics import metrics
from analytics.times import spans
from formplatform.core.api.authentication import actor_of
from formplatform.forms.access import get_form

from .serializers import (
    DistributionOutput,
    MetricsOutput,
    SpanInput,
    TimeseriesInput,
    TimeseriesOutput,
)


@extend_schema(tags=["analytics"])
class AnalyticsView(APIView):
    read_scope: ClassVar[str] = "analytics:read"


class MetricsView(AnalyticsView):
    @extend_schema(parameters=[SpanInput], responses=MetricsOutput)
    def get(self, request: Request, form_id: str) -> Response:
        """Totals of a form, live: of everything, or of what came in a span."""
        form = get_form(actor_of(request), form_id)
        asked = SpanInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(metrics.metrics_of(form.id, **spans.read_span(asked.validated_data)))


class TimeseriesView(AnalyticsView):
    @extend_schema(parameters=[TimeseriesInput], responses=TimeseriesOutput)
    def get(self, request: Request, form_id: str) -> Response:
        """Responses over time, in any zone; a last day belongs to the span whole."""
        form = get_form(actor_of(request), form_id)
        asked = TimeseriesInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        span = spans.read_span(asked.validated_data)
        size = asked.validated_data["granularity"]
        return Response(metrics.timeseries_of(form.id, granularity=size, **span))


class DistributionView(AnalyticsView):
    @extend_schema(responses=DistributionOutput)
    def get(self, request: Request, form_id: str, field: str) -> Response:
        """How the answers to one field are spread."""
        form = get_form(actor_of(request), form_id)
        return Response(metrics.distribution_of(form.id, field))
