"""What an explanation of a query takes and gives."""

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from .serializers import HIDDEN, Plain


class ExplainInput(serializers.Serializer[Plain]):
    explain = serializers.BooleanField(
        default=False, help_text="Say how it would be answered, and answer nothing."
    )


class UnknownOutput(serializers.Serializer[Plain]):
    unknown = serializers.DictField(
        child=serializers.CharField(), help_text="What is null here → why."
    )


class DocumentsReadOutput(UnknownOutput):
    indexes = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="That the database looks into; none: it looks at every document.",
    )
    documents = serializers.IntegerField(
        allow_null=True, help_text="How many the database expects to match."
    )


class ColumnsReadOutput(UnknownOutput):
    rows = serializers.IntegerField(
        allow_null=True, help_text="The responses in them, of every version of the form."
    )
    are_there = serializers.BooleanField(help_text="Or they have to be read first.")
    as_of = serializers.DateTimeField(allow_null=True)
    age_seconds = serializers.FloatField(allow_null=True)


class KeysReadOutput(UnknownOutput):
    keys = serializers.IntegerField(
        allow_null=True, help_text="Of the live numbers, where nothing is remembered."
    )


@extend_schema_field(
    PolymorphicProxySerializer(
        "QueryReads",
        [DocumentsReadOutput, ColumnsReadOutput, KeysReadOutput],
        resource_type_field_name=None,
    )
)
class ReadsField(serializers.DictField):
    """What the engine would read to answer."""


class ExplainOutput(serializers.Serializer[Plain]):
    engine = serializers.ChoiceField(choices=["rollup", "columnar", "mongodb"])
    reason = serializers.CharField()
    refused = serializers.DictField(
        child=serializers.CharField(), help_text="Engines that cannot answer it → why."
    )
    reads = ReadsField()
    pipeline = serializers.ListField(
        child=serializers.DictField(), allow_null=True, help_text="For a document database."
    )
    groups = serializers.ListField(child=serializers.CharField())
    looked_up = serializers.ListField(
        child=serializers.CharField(),
        help_text="Groups whose bins or top values are looked up first: the pipeline has none.",
    )
    measures = serializers.ListField(child=serializers.CharField())
    span = serializers.ListField(
        child=serializers.CharField(allow_null=True), min_length=2, max_length=2
    )
    responses = serializers.IntegerField(allow_null=True, help_text=HIDDEN)
    max_time_ms = serializers.IntegerField()
