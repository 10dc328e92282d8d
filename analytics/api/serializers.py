"""What the analytics endpoints take and give."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from analytics.figures.distributions import CHOICES, RESPONSES
from analytics.query import limits
from analytics.query.zones import timezones
from analytics.times.granularity import Granularity

Plain = dict[str, Any]


HIDDEN = "Null where the form hides small groups and this would tell one."


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


class SpanInput(serializers.Serializer[Plain]):
    timezone = ZoneField()

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of the language, so no attribute can be named so."""
        span = {"from": "The first day or moment.", "to": "The last day, or the moment after."}
        bounds = {
            name: serializers.CharField(required=False, max_length=40, help_text=text)
            for name, text in span.items()
        }
        return {**super().get_fields(), **bounds}


class TimeseriesInput(SpanInput):
    granularity = serializers.ChoiceField(
        choices=[each.value for each in Granularity], default=Granularity.DAY.value
    )


class SessionsOutput(serializers.Serializer[Plain]):
    viewed = serializers.IntegerField(allow_null=True, help_text=HIDDEN)
    started = serializers.IntegerField(allow_null=True, help_text=HIDDEN)
    submitted = serializers.IntegerField(allow_null=True, help_text=HIDDEN)


class DriftOutput(serializers.Serializer[Plain]):
    checked_at = serializers.CharField(help_text="When the numbers were last compared.")
    exact = serializers.BooleanField(help_text="Whether they were those of the form store.")


class ProvenOutput(serializers.Serializer[Plain]):
    """What every answer of the live numbers says about itself."""

    base_n = serializers.IntegerField(
        allow_null=True, help_text="Responses the answer is about; null where that is hidden."
    )
    drift = DriftOutput(allow_null=True, help_text="Null: never compared.")
    as_of = serializers.CharField(help_text="When the numbers were read.")


class TimeToCompleteOutput(serializers.Serializer[Plain]):
    median = serializers.FloatField(allow_null=True, help_text="In seconds.")
    p90 = serializers.FloatField(allow_null=True, help_text="In seconds.")
    n = serializers.IntegerField(
        allow_null=True, help_text="Submitted sessions whose time is known; null: hidden."
    )
    quantile_error = serializers.FloatField(help_text="Of both, at most, relatively.")


class IntervalField(serializers.ListField):
    """The ends of the interval of a share, or null where there is no share."""

    def __init__(self) -> None:
        text = "95 % interval of the share."
        super().__init__(child=serializers.FloatField(), allow_null=True, help_text=text)


class CompletionOutput(serializers.Serializer[Plain]):
    """What sessions say about how people get through a form."""

    completion_rate = serializers.FloatField(
        allow_null=True, help_text="Submitted of started sessions; null before any started."
    )
    completion_interval = IntervalField()
    sessions = SessionsOutput()
    time_to_complete = TimeToCompleteOutput()


class CoarseField(serializers.CharField):
    """A UTC day, or null where the answer is exact."""

    def __init__(self, **options: Any) -> None:
        text = (
            "Null: exact. Otherwise it takes quarter-hours of UTC days before this one, which are "
            "no longer kept; each counts as the day of the same date in the zone."
        )
        super().__init__(**{"allow_null": True, "help_text": text, **options})


class MetricsOutput(ProvenOutput, CompletionOutput):
    form_id = serializers.CharField()
    coarse_before = CoarseField()
    total_responses = serializers.IntegerField(allow_null=True, help_text=HIDDEN)
    today_submissions = serializers.IntegerField(
        allow_null=True, help_text="Submitted today, in the zone; null where that is hidden."
    )


class BucketOutput(serializers.Serializer[Plain]):
    timestamp = serializers.CharField(help_text="Start of the bucket, in the zone.")
    count = serializers.IntegerField(allow_null=True, help_text=HIDDEN)
    suppressed = serializers.BooleanField(required=False, help_text="Only where it is hidden.")


class TimeseriesOutput(ProvenOutput):
    form_id = serializers.CharField()
    granularity = serializers.CharField()
    timezone = serializers.CharField()
    buckets = BucketOutput(many=True)
    total = serializers.IntegerField(allow_null=True, help_text=HIDDEN)
    coarse_before = CoarseField()


class ValueOutput(serializers.Serializer[Plain]):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # hides DRF's own attribute
    count = serializers.IntegerField(allow_null=True, help_text=HIDDEN)
    share = serializers.FloatField(allow_null=True, help_text="Of the responses that answer.")
    interval = IntervalField()
    suppressed = serializers.BooleanField(required=False, help_text="Only where it is hidden.")


class NumbersOutput(serializers.Serializer[Plain]):
    count = serializers.IntegerField()
    sum = serializers.FloatField(allow_null=True)
    mean = serializers.FloatField(allow_null=True)
    standard_deviation = serializers.FloatField(allow_null=True, help_text="Of a sample.")
    median = serializers.FloatField(allow_null=True)
    p90 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)
    quantile_error = serializers.FloatField(help_text="Of the three, at most, relatively.")
    minimum = serializers.FloatField(allow_null=True)
    maximum = serializers.FloatField(allow_null=True)


class DistinctOutput(serializers.Serializer[Plain]):
    count = serializers.IntegerField(help_text="Different answers, estimated.")
    error = serializers.FloatField(help_text="The standard error of that, relatively.")
    gone = serializers.IntegerField(
        help_text="Answers edited or deleted since the last rebuild: it may count so many more."
    )


class DistributionOutput(ProvenOutput):
    form_id = serializers.CharField()
    field = serializers.CharField()
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # as above
    type = serializers.CharField()
    personal = serializers.BooleanField(help_text="Then no values are told.")
    answered = serializers.IntegerField(
        allow_null=True, help_text="Responses that answer: the base of shares; null: hidden."
    )
    missing = serializers.IntegerField(allow_null=True, help_text=HIDDEN)
    values = ValueOutput(many=True)
    other = serializers.IntegerField(
        allow_null=True, help_text="Answers beyond the values counted one by one; null: hidden."
    )
    other_counts = serializers.ChoiceField(
        (RESPONSES, CHOICES),
        help_text="Of several options it is choices: of a response as many as it has of these.",
    )
    distinct = DistinctOutput(allow_null=True, help_text="Of text and of personal fields.")
    numbers = NumbersOutput(allow_null=True)
    description = serializers.DictField(
        allow_null=True,
        help_text="Survey figures by the type of the field: kind is mean, nps, rating, scale, "
        "matrix or ranking (docs/reference/statistics.md). Null: none, or hidden.",
    )


class AskedInput(serializers.Serializer[Plain]):
    LONGEST: ClassVar[int] = 3000

    q = serializers.CharField(max_length=LONGEST)


@extend_schema_serializer(
    examples=[
        OpenApiExample("How the answers are spread", {"aggregate": "count", "group_by": "vote"})
    ]
)
class QueryInput(serializers.Serializer[Plain]):
    """Documents the body; the query language itself checks it."""

    aggregate = serializers.CharField(required=False, help_text="The short form: an aggregate.")
    value = serializers.CharField(required=False, help_text="The field to aggregate.")
    measures = serializers.ListField(
        child=serializers.JSONField(), required=False, help_text="The long form: figures."
    )
    group_by = serializers.JSONField(required=False, help_text="A field, an object, or a list.")
    filter = serializers.DictField(required=False, help_text="Field → value or operators.")
    having = serializers.DictField(required=False, help_text="Figure → operators.")
    sort = serializers.JSONField(required=False, help_text="{field, desc}, or a list of these.")
    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=limits.MAX_LIMIT, default=limits.DEFAULT_LIMIT
    )
    offset = serializers.IntegerField(required=False, min_value=0, max_value=limits.MAX_OFFSET)
    after = serializers.CharField(required=False, help_text="meta.next of the page before.")
    time_field = serializers.CharField(required=False, help_text="submitted_at or updated_at.")
    date_range = serializers.JSONField(required=False, help_text="last_30_days, [first, last] …")
    compare = serializers.JSONField(required=False, help_text="previous_period, a span …")
    timezone = serializers.CharField(required=False, help_text="A zone of the IANA database.")
    week_start = serializers.ChoiceField(required=False, choices=["monday", "sunday", "saturday"])
    versions = serializers.JSONField(required=False, help_text="all, latest, or numbers.")
    include = serializers.ListField(child=serializers.CharField(), required=False)
    shape = serializers.ChoiceField(required=False, choices=["rows", "crosstab"])
    test = serializers.ChoiceField(required=False, choices=["auto", "chi2", "fisher", "none"])
    weights = serializers.CharField(required=False, help_text="A number field.")
    sample = serializers.JSONField(required=False, help_text="{rate, seed}.")
    max_time_ms = serializers.IntegerField(
        required=False, min_value=limits.MIN_TIME_MS, max_value=limits.MOST_TIME_MS
    )
    engine = serializers.ChoiceField(required=False, choices=["rollup", "columnar", "mongodb"])


class ColumnOutput(serializers.Serializer[Plain]):
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=["group", "measure"])
    type = serializers.CharField(help_text="A kind, a granularity or an op.")
    labels = serializers.DictField(
        child=serializers.CharField(), allow_null=True, help_text="Option id → label."
    )


class WeightingOutput(serializers.Serializer[Plain]):
    n = serializers.IntegerField(help_text="Responses that weigh anything.")
    sum = serializers.FloatField(help_text="Of their weights.")
    effective_n = serializers.FloatField(
        allow_null=True, help_text="As many equal responses say as much (Kish)."
    )
    design_effect = serializers.FloatField(
        allow_null=True,
        help_text="n of effective_n, from 1; null: weights too large to be squared.",
    )


class QueryMetaOutput(serializers.Serializer[Plain]):
    engine = serializers.ChoiceField(choices=["rollup", "columnar", "mongodb"])
    reason = serializers.CharField(help_text="Why this engine, and why not those before it.")
    as_of = serializers.CharField()
    elapsed_ms = serializers.FloatField()
    base_n = serializers.FloatField(
        allow_null=True, help_text="Responses the query is about; null where that is hidden."
    )
    min_cell = serializers.IntegerField(help_text="Fewer respondents are hidden; 0: none are.")
    suppressed = serializers.IntegerField(help_text="Rows of this page with hidden figures.")
    weighting = WeightingOutput(allow_null=True, help_text="Null without weights, or hidden.")
    total_rows = serializers.IntegerField()
    truncated = serializers.BooleanField(help_text="Whether rows follow.")
    next = serializers.CharField(allow_null=True, help_text="The cursor to them.")
    warnings = serializers.ListField(child=serializers.CharField())


class QueryOutput(serializers.Serializer[Plain]):
    data = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]  # hides DRF's own attribute
    columns = ColumnOutput(many=True)
    totals = serializers.DictField(required=False)
    crosstab = serializers.DictField(required=False)
    meta = QueryMetaOutput()


class FieldMetaOutput(serializers.Serializer[Plain]):
    name = serializers.CharField()
    id = serializers.CharField(allow_null=True)
    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # hides DRF's own attribute
    type = serializers.CharField(allow_null=True)
    kind = serializers.CharField()
    personal = serializers.BooleanField()
    open = serializers.BooleanField(help_text="Whether the caller may compare and group by it.")
    groupable = serializers.BooleanField()
    operators = serializers.ListField(child=serializers.CharField())
    ops = serializers.ListField(child=serializers.CharField())
    options = serializers.DictField(child=serializers.CharField())
    rows = serializers.DictField(child=serializers.CharField(), help_text="Of a matrix.")


class MetaOutput(serializers.Serializer[Plain]):
    form_id = serializers.CharField()
    versions = serializers.ListField(child=serializers.IntegerField())
    fields = FieldMetaOutput(many=True)  # type: ignore[assignment]  # hides DRF's own attribute
