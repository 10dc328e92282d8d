"""What dry runs take and give."""

from dataclasses import asdict

from rest_framework import serializers

from integrations.webhooks.dry_run import MOST_EVENTS, Report

from .serializers import ID_PATTERN, Plain, ShapeInput, events_field


class DryRunChange(ShapeInput):
    """Settings to try on, instead of those that are saved, and the time to try them on."""

    events = events_field(required=False)
    include_personal_data = serializers.BooleanField(required=False)
    since = serializers.DateTimeField(required=False, help_text="Without: seven days ago.")
    until = serializers.DateTimeField(required=False, help_text="Without: now.")
    limit = serializers.IntegerField(
        min_value=1, max_value=MOST_EVENTS, default=MOST_EVENTS, help_text="Events to look at."
    )


class DryRunInput(DryRunChange):
    form_id = serializers.RegexField(
        ID_PATTERN, allow_null=True, default=None, help_text="Null: every form you own."
    )
    events = events_field()


class ClauseOutput(serializers.Serializer[Plain]):
    place = serializers.CharField()
    field = serializers.CharField()
    op = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    true = serializers.IntegerField()
    false = serializers.IntegerField()
    unanswered = serializers.IntegerField()


class DryEventOutput(serializers.Serializer[Plain]):
    event_id = serializers.CharField()
    event_type = serializers.CharField()
    occurred_at = serializers.CharField()


class DrySampleOutput(DryEventOutput):
    content_type = serializers.CharField()
    bytes = serializers.IntegerField()
    body = serializers.CharField(help_text="Its beginning.")


class DryFailureOutput(DryEventOutput):
    reason = serializers.ChoiceField(choices=["template", "too_large"])
    message = serializers.CharField()


class DryRunOutput(serializers.Serializer[Plain]):
    based_on = serializers.ChoiceField(
        choices=["events", "responses"],
        help_text="Responses, each as submitted once, where no events were kept.",
    )
    considered = serializers.IntegerField()
    sent = serializers.IntegerField()
    failed = serializers.IntegerField()
    not_sent = serializers.DictField(
        child=serializers.IntegerField(), help_text="Reason of the filter → events."
    )
    is_complete = serializers.BooleanField(
        help_text="False: there was more, or it took too long; the newest were looked at."
    )
    bytes_sent = serializers.IntegerField()
    samples = DrySampleOutput(many=True)
    failures = DryFailureOutput(many=True)
    clauses = ClauseOutput(many=True)


def report_body(report: Report) -> Plain:
    return {**asdict(report), "clauses": [asdict(each) for each in report.clauses.values()]}
