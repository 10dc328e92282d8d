"""What the staff endpoints take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from caching import keys


class FunctionOutput(serializers.Serializer[object]):
    name = serializers.CharField()
    ttl = serializers.FloatField(help_text="Seconds an answer counts.")
    l1_hits = serializers.IntegerField()
    l2_hits = serializers.IntegerField()
    misses = serializers.IntegerField()
    hit_ratio = serializers.FloatField(allow_null=True, help_text="0 to 1; null before any call.")


class CacheOutput(serializers.Serializer[object]):
    entries = serializers.IntegerField(help_text="In the first tier of the answering process.")
    max_entries = serializers.IntegerField()
    bytes = serializers.IntegerField()
    max_bytes = serializers.IntegerField()
    redis_answers = serializers.BooleanField()
    functions = FunctionOutput(many=True)


class BumpInput(serializers.Serializer[object]):
    tags = serializers.ListField(
        child=serializers.CharField(max_length=200), min_length=1, max_length=100
    )

    def validate_tags(self, tags: list[str]) -> list[str]:
        for tag in tags:
            try:
                keys.tag_key(tag)
            except ValueError as error:
                raise serializers.ValidationError(str(error)) from error
        return tags


@extend_schema_serializer(
    examples=[OpenApiExample("What analytics computed", {"pattern": "analytics.*"})]
)
class InvalidateInput(serializers.Serializer[object]):
    pattern = serializers.CharField(
        max_length=200, help_text="Names of cached functions, like `analytics.*`."
    )


class InvalidateOutput(serializers.Serializer[object]):
    functions = serializers.ListField(child=serializers.CharField())
