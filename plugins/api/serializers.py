"""What the endpoints take and give."""

from typing import Any

from rest_framework import serializers

from plugins.sandbox import Trust


class PluginOutput(serializers.Serializer[object]):
    name = serializers.CharField()
    title = serializers.CharField()
    version = serializers.CharField()
    description = serializers.CharField()
    platform = serializers.CharField(help_text="The platform versions it is made for.")
    hooks = serializers.ListField(child=serializers.CharField())
    permissions = serializers.ListField(child=serializers.CharField())
    trust = serializers.ChoiceField(choices=[*Trust, ""])
    problem = serializers.CharField(help_text="Why it cannot run; empty if it can.")
    enabled = serializers.BooleanField()
    settings = serializers.JSONField()
    settings_schema = serializers.JSONField(help_text="JSON Schema of the settings.")
    calls = serializers.IntegerField(help_text="Responses it was told of, each counted once.")
    last_called_at = serializers.DateTimeField(allow_null=True)
    failures = serializers.IntegerField(help_text="In a row.")
    last_error = serializers.CharField()
    last_error_at = serializers.DateTimeField(allow_null=True)


class SettingsInput(serializers.Serializer[Any]):
    settings = serializers.DictField(help_text="As the plugin's settings_schema says.")
