"""Missing answers and words of free text, over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.missing import missing_of
from analytics.statistics.stop_words import LANGUAGES
from analytics.terms import terms_of
from formplatform.core.api.authentication import actor_of
from formplatform.forms.access import get_form

from .patience import PatientView
from .serializers import HIDDEN, Plain
from .views import AnalyticsView


class MissingFieldOutput(serializers.Serializer[Plain]):
    field = serializers.CharField()
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # hides DRF's own attribute
    type = serializers.CharField()
    answered = serializers.IntegerField(allow_null=True, help_text=HIDDEN)
    missing = serializers.IntegerField(allow_null=True, help_text="Skipped and not shown.")
    skipped = serializers.IntegerField(allow_null=True, help_text="Shown, and not answered.")
    not_shown = serializers.IntegerField(
        allow_null=True, help_text="Hidden by its condition, or not in the version yet."
    )
    rate = serializers.FloatField(
        allow_null=True, help_text="Item nonresponse: skipped of answered and skipped."
    )
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    suppressed = serializers.BooleanField(required=False)


class PatternOutput(serializers.Serializer[Plain]):
    skipped = serializers.ListField(child=serializers.CharField(), help_text="Field ids.")
    count = serializers.IntegerField()
    share = serializers.FloatField(help_text="Of all responses.")
    interval = serializers.ListField(child=serializers.FloatField())


class MissingOutput(serializers.Serializer[Plain]):
    form_id = serializers.CharField()
    fields = MissingFieldOutput(many=True)  # type: ignore[assignment]  # as above
    patterns = PatternOutput(many=True, allow_null=True, help_text="The most frequent first.")
    base_n = serializers.IntegerField(allow_null=True)
    as_of = serializers.CharField()


class TermsInput(serializers.Serializer[Plain]):
    language = serializers.ChoiceField(
        choices=LANGUAGES, required=False, help_text="Whose stop words; those of all if not given."
    )
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class TermOutput(serializers.Serializer[Plain]):
    term = serializers.CharField()
    count = serializers.IntegerField(help_text="Answers it is in.")
    share = serializers.FloatField(help_text="Of the answers that were read.")
    interval = serializers.ListField(child=serializers.FloatField())


class TermsOutput(serializers.Serializer[Plain]):
    form_id = serializers.CharField()
    field = serializers.CharField()
    name = serializers.CharField()
    language = serializers.CharField(allow_null=True)
    terms = TermOutput(many=True)
    least = serializers.IntegerField(help_text="A word of fewer answers is not shown.")
    n = serializers.IntegerField(allow_null=True, help_text="Answers that were read.")
    complete = serializers.BooleanField(help_text="Whether that is all of them.")
    as_of = serializers.CharField()


class TermsView(AnalyticsView, PatientView):
    @extend_schema(parameters=[TermsInput], responses=TermsOutput)
    def get(self, request: Request, form_id: str, field: str) -> Response:
        """The words in most answers to a field of free text; none of few answers."""
        form = get_form(actor_of(request), form_id)
        asked = TermsInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(terms_of(form.id, field, **asked.validated_data))


class MissingView(AnalyticsView, PatientView):
    @extend_schema(responses=MissingOutput)
    def get(self, request: Request, form_id: str) -> Response:
        """What is not answered, field by field, and what is skipped together."""
        form = get_form(actor_of(request), form_id)
        return Response(missing_of(form.id))
