"""What the endpoints take and give."""

from typing import Any

from rest_framework import serializers

from formplatform.forms.ids import is_id
from reporting.definitions import LONGEST_TITLE
from reporting.models import Cadence, ReportRun, ScheduledReport

LARGEST_INTERVAL = 366 * 24 * 3600


class FormIdField(serializers.CharField):
    def to_internal_value(self, data: Any) -> str:
        value: str = super().to_internal_value(data)
        if not is_id(value):
            raise serializers.ValidationError("Expected 24 hexadecimal characters.", "invalid_id")
        return value


class FieldNameField(serializers.CharField):
    """The name or id of a field of the form; blank or absent where none is chosen."""

    def __init__(self, *, help_text: str) -> None:
        super().__init__(required=False, allow_blank=True, max_length=64, help_text=help_text)


class ContentInput(serializers.Serializer[Any]):
    """What goes into a report. Without a chart field the first fit one is drawn."""

    title = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_TITLE)
    chart_field = FieldNameField(help_text="The field whose answers are drawn.")
    rows = FieldNameField(help_text="Cross table: the field of the rows.")
    columns = FieldNameField(help_text="Cross table: the field of the columns.")
    timezone = serializers.CharField(required=False, max_length=64, help_text="Europe/Berlin")


class ReportInput(ContentInput):
    form_id = FormIdField()


class ReportOutput(serializers.ModelSerializer[ReportRun]):
    schedule_id = serializers.IntegerField(allow_null=True, read_only=True)

    class Meta:
        model = ReportRun
        fields = [
            *("id", "form_id", "schedule_id", "title", "definition", "state", "attempts"),
            *("due_at", "created_at", "started_at", "finished_at"),
            *("size", "sha256", "error_code", "error"),
        ]
        read_only_fields = fields


class TimingInput(serializers.Serializer[Any]):
    cadence = serializers.ChoiceField(choices=Cadence.choices, required=False)
    cron = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="minute hour day month weekday"
    )
    interval_seconds = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LARGEST_INTERVAL
    )
    first_due_at = serializers.DateTimeField(
        required=False, help_text="The first turn; else now, or cron's next."
    )
    enabled = serializers.BooleanField(required=False)


class ScheduleInput(TimingInput, ReportInput):
    cadence = serializers.ChoiceField(choices=Cadence.choices)


class ScheduleChangeInput(TimingInput, ContentInput):
    pass


class ScheduleOutput(serializers.ModelSerializer[ScheduledReport]):
    owner_id = serializers.IntegerField(read_only=True)

    class Meta:
        model = ScheduledReport
        fields = [
            *("id", "owner_id", "form_id", "title", "definition", "cadence", "cron"),
            *("interval_seconds", "timezone", "enabled", "next_due_at"),
            *("created_at", "updated_at"),
        ]
        read_only_fields = fields
