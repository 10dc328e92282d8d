"""What the analytics endpoints take and give."""

from typing import Any

from rest_framework import serializers

from analytics.query import limits
from analytics.query.ast import Aggregate
from analytics.query.zones import timezones
from analytics.series import Granularity

Plain = dict[str, Any]


class ZoneField(serializers.CharField):
    """The name of a time zone."""

    def __init__(self, **options: Any) -> None:
        options = {"default": "UTC", "help_text": "A zone of the IANA database."} | options
        super().__init__(max_length=64, **options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name not in timezones():
            raise serializers.ValidationError(
                "There is no such time zone.", code="unknown_timezone"
            )
        return name


class MetricsInput(serializers.Serializer[Plain]):
    timezone = ZoneField()


class TimeseriesInput(serializers.Serializer[Plain]):
    granularity = serializers.ChoiceField(
        choices=[each.value for each in Granularity], default=Granularity.DAY.value
    )
    timezone = ZoneField()

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of the language, so no attribute can be named so."""
        span = {"from": "The first day or moment.", "to": "The last day, or the moment after."}
        bounds = {
            name: serializers.CharField(required=False, max_length=40, help_text=text)
            for name, text in span.items()
        }
        return {**super().get_fields(), **bounds}


class SessionsOutput(serializers.Serializer[Plain]):
    viewed = serializers.IntegerField()
    started = serializers.IntegerField()
    submitted = serializers.IntegerField()


class MetricsOutput(serializers.Serializer[Plain]):
    form_id = serializers.CharField()
    total_responses = serializers.IntegerField()
    today_submissions = serializers.IntegerField(help_text="Submitted today, in the zone.")
    completion_rate = serializers.FloatField(
        allow_null=True, help_text="Submitted of started sessions; null before any started."
    )
    sessions = SessionsOutput()
    as_of = serializers.CharField(help_text="When the numbers were read.")


class BucketOutput(serializers.Serializer[Plain]):
    timestamp = serializers.CharField(help_text="Start of the bucket, in the zone.")
    count = serializers.IntegerField()


class TimeseriesOutput(serializers.Serializer[Plain]):
    form_id = serializers.CharField()
    granularity = serializers.CharField()
    timezone = serializers.CharField()
    buckets = BucketOutput(many=True)
    total = serializers.IntegerField()
    as_of = serializers.CharField()


class ValueOutput(serializers.Serializer[Plain]):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # hides DRF's own attribute
    count = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True, help_text="Of the responses that answer.")


class NumbersOutput(serializers.Serializer[Plain]):
    count = serializers.IntegerField()
    sum = serializers.FloatField(allow_null=True)
    mean = serializers.FloatField(allow_null=True)
    standard_deviation = serializers.FloatField(allow_null=True, help_text="Of a sample.")
    minimum = serializers.FloatField(allow_null=True)
    maximum = serializers.FloatField(allow_null=True)


class DistributionOutput(serializers.Serializer[Plain]):
    form_id = serializers.CharField()
    field = serializers.CharField()
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # as above
    type = serializers.CharField()
    personal = serializers.BooleanField(help_text="Then only answered and missing are known.")
    answered = serializers.IntegerField(help_text="Responses that answer: the base of shares.")
    missing = serializers.IntegerField()
    values = ValueOutput(many=True)
    other = serializers.IntegerField(help_text="Answers beyond the values counted one by one.")
    numbers = NumbersOutput(allow_null=True)
    as_of = serializers.CharField()


class SortInput(serializers.Serializer[Plain]):
    field = serializers.CharField(help_text="value, _id or a grouped field.")
    desc = serializers.BooleanField(required=False)


class QueryInput(serializers.Serializer[Plain]):
    """Documents the body; the query language itself checks it."""

    aggregate = serializers.ChoiceField(choices=[each.value for each in Aggregate])
    value = serializers.CharField(required=False, help_text="The field to aggregate.")
    group_by = serializers.JSONField(
        required=False, help_text="A field, {field, granularity, timezone}, or a list of two."
    )
    filter = serializers.DictField(required=False, help_text="Field → value or operators.")
    sort = SortInput(required=False)
    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=limits.MAX_LIMIT, default=limits.DEFAULT_LIMIT
    )


class RowOutput(serializers.Serializer[Plain]):
    def get_fields(self) -> dict[str, Any]:
        return {
            "_id": serializers.JSONField(allow_null=True, help_text="The group."),
            "value": serializers.JSONField(allow_null=True),
        }


class QueryMetaOutput(serializers.Serializer[Plain]):
    engine = serializers.ChoiceField(choices=["columnar", "mongodb"])
    as_of = serializers.CharField()
    elapsed_ms = serializers.FloatField()
    truncated = serializers.BooleanField(help_text="Whether the limit cut rows off.")


class QueryOutput(serializers.Serializer[Plain]):
    data = RowOutput(many=True)  # type: ignore[assignment]  # hides DRF's own attribute
    meta = QueryMetaOutput()
