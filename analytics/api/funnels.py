"""How far respondents get, over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.funnel import funnel_of
from analytics.times import spans
from formplatform.core.api.authentication import actor_of
from formplatform.forms.access import get_form

from .serializers import (
    CoarseField,
    CompletionOutput,
    IntervalField,
    Plain,
    ProvenOutput,
    SpanInput,
)
from .views import AnalyticsView

RATE = "Left of reached; null where nobody came, or hidden."


class StepOutput(serializers.Serializer[Plain]):
    id = serializers.CharField(help_text="view, start, submit, or page: and the page.")
    kind = serializers.ChoiceField(choices=["view", "start", "page", "submit"])
    title = serializers.CharField()
    reached = serializers.IntegerField(allow_null=True, help_text="Sessions that came here.")
    left = serializers.IntegerField(
        allow_null=True, help_text="Not submitted, and this was their last step."
    )
    rate = serializers.FloatField(allow_null=True, help_text=RATE)
    interval = IntervalField()


class FunnelFieldOutput(serializers.Serializer[Plain]):
    field_id = serializers.CharField()
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # hides DRF's own attribute
    type = serializers.CharField()
    page = serializers.CharField(allow_null=True)
    conditional = serializers.BooleanField(help_text="Not everybody is shown it.")
    viewed = serializers.IntegerField(
        allow_null=True, help_text="Sessions that reached its page, or started."
    )
    answered = serializers.IntegerField(
        allow_null=True, help_text="Sessions that told they answered it."
    )
    left = serializers.IntegerField(
        allow_null=True, help_text="Not submitted, and this was answered last."
    )
    rate = serializers.FloatField(allow_null=True, help_text="Left of answered.")
    interval = IntervalField()


class FunnelOutput(CompletionOutput, ProvenOutput):
    form_id = serializers.CharField()
    timezone = serializers.CharField()
    steps = StepOutput(many=True)
    fields = FunnelFieldOutput(many=True)  # type: ignore[assignment]  # hides DRF's own attribute
    coarse_before = CoarseField()
    base_n = serializers.IntegerField(allow_null=True, help_text="Sessions the answer is about.")


class FunnelView(AnalyticsView):
    @extend_schema(parameters=[SpanInput], responses=FunnelOutput)
    def get(self, request: Request, form_id: str) -> Response:
        """Where respondents leave: of the sessions that began in a span, or of all."""
        form = get_form(actor_of(request), form_id)
        asked = SpanInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(funnel_of(form.id, **spans.read_span(asked.validated_data)))
