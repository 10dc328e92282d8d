"""Comparing the live numbers with the stored responses, and mending them, over HTTP."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.figures.small_cells import cover_verification
from analytics.outages import answering
from analytics.proving.repair import Remedy, repair
from analytics.proving.verification import plain, verify
from formplatform.core.api.authentication import actor_of
from formplatform.forms.access import Role, get_form

from .serializers import HIDDEN, Plain


class DayDifferenceOutput(serializers.Serializer[Plain]):
    day = serializers.CharField(help_text="In UTC.")
    stored = serializers.IntegerField(allow_null=True, help_text=HIDDEN)
    counted = serializers.IntegerField(allow_null=True, help_text=HIDDEN)
    hash_differs = serializers.BooleanField(help_text="Other responses or revisions are counted.")
    quarter_hours_differ = serializers.BooleanField(help_text="While they are kept.")
    minutes_differ = serializers.BooleanField(help_text="Of today and yesterday.")
    sessions_differ = serializers.BooleanField(
        help_text="The sessions that began on it do not add up."
    )


class MonthProofOutput(serializers.Serializer[Plain]):
    month = serializers.CharField(help_text="In UTC.")
    stored = serializers.IntegerField()
    counted = serializers.IntegerField()
    stored_hash = serializers.CharField(help_text="Of ids and revisions, 64 bits in hexadecimal.")
    counted_hash = serializers.CharField(help_text="Equal where the same ones are counted.")


class KeyDifferenceOutput(serializers.Serializer[Plain]):
    key = serializers.CharField()
    names = serializers.ListField(child=serializers.CharField(), help_text="Some of them.")


class VerificationOutput(serializers.Serializer[Plain]):
    form_id = serializers.CharField()
    exact = serializers.BooleanField()
    settled = serializers.BooleanField(help_text="False: responses are on their way, no drift.")
    balanced = serializers.BooleanField(help_text="Whether the counters of fields add up.")
    totals_differ = serializers.BooleanField(help_text="Other responses are counted in all.")
    damaged = serializers.ListField(
        child=serializers.CharField(), help_text="Keys that hold no counters."
    )
    stored = serializers.IntegerField(allow_null=True, help_text=HIDDEN)
    counted = serializers.IntegerField(allow_null=True, help_text=HIDDEN)
    months = serializers.ListField(child=serializers.CharField(), help_text="With such a day.")
    days = DayDifferenceOutput(many=True)
    proofs = MonthProofOutput(many=True, help_text="Every month that holds a response.")
    keys = KeyDifferenceOutput(many=True, allow_null=True, help_text="Null without deep.")
    checked_at = serializers.CharField()


class RepairInput(serializers.Serializer[Plain]):
    deep = serializers.BooleanField(
        default=False, help_text="Count anew and compare every key, as long as it takes."
    )


class RepairedOutput(serializers.Serializer[Plain]):
    remedy = serializers.ChoiceField(choices=[each.value for each in Remedy])
    before = VerificationOutput()
    after = VerificationOutput()


class VerifyView(APIView):
    read_scope: ClassVar[str] = "analytics:read"
    write_scope: ClassVar[str] = "forms:write"

    @extend_schema(tags=["analytics"], responses=VerificationOutput)
    def get(self, request: Request, form_id: str) -> Response:
        """Compare the numbers with the stored responses, day by day."""
        form = get_form(actor_of(request), form_id)
        with answering():
            found = verify(form.id)
        return Response(cover_verification(plain(found), form.min_cell))

    @extend_schema(
        tags=["analytics"], request=None, parameters=[RepairInput], responses=RepairedOutput
    )
    def post(self, request: Request, form_id: str) -> Response:
        """Compare, and mend what differs: single days where that is enough, else everything."""
        form = get_form(actor_of(request), form_id, role=Role.EDITOR)
        asked = RepairInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        with answering():
            done = repair(form.id, deep=asked.validated_data["deep"])
        before, after = (
            cover_verification(plain(each), form.min_cell) for each in (done.before, done.after)
        )
        return Response({"remedy": done.remedy.value, "before": before, "after": after})
