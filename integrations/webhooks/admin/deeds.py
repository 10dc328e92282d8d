"""What a person can do with endpoints: from the list with several, from its page with one."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest

from formplatform.core.admin_theme import action
from formplatform.core.errors import PlatformError
from integrations.webhooks import endpoints
from integrations.webhooks.models import Webhook
from integrations.webhooks.repeating import missed

from .explaining import ExplainPage
from .secrets import SecretPages

LONGEST_REPLAY_SECONDS = 5.0
"""What is left after so long is sent in the background."""


class Deeds(ExplainPage, SecretPages):
    """Mixed into the endpoints' pages. Each is an action, and a button of an endpoint's page."""

    DEEDS = ("send_test", "rotate", "enable", "enable_and_replay", "disable")
    """What has a button."""
    actions = [
        *("send_test", *SecretPages.secret_actions, "enable", "enable_and_replay", "disable"),
        "ask_why",
    ]

    @action(description="Send a test message", permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            try:
                endpoints.send_test(webhook)
            except PlatformError as error:
                self.message_user(request, f"{webhook}: {error.message}", messages.ERROR)
            else:
                self.message_user(request, f"{webhook}: a test message is on its way.")

    @action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            endpoints.enable(webhook)
            self.log_change(request, webhook, "Enabled.")
        self.message_user(request, "Enabled.")

    @action(description="Enable and send what was missed", permissions=["change"])
    def enable_and_replay(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            replayed = endpoints.enable(webhook, replay=True, seconds=LONGEST_REPLAY_SECONDS)
            self.log_change(request, webhook, "Enabled, and sent what was missed.")
            left = missed.missed_by(webhook).count()
            more = f" {left:,} more follow within a minute." if left else ""
            told = f"{webhook}: enabled, {replayed:,} missed messages are on their way.{more}"
            self.message_user(request, told)

    @action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            endpoints.disable(webhook.pk, reason=Webhook.DisabledReason.BY_OWNER)
            self.log_change(request, webhook, "Disabled.")
        self.message_user(request, "Disabled; what waited became dead letters.")
