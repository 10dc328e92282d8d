"""The admin's part about keys: a secret is shown in one answer, and rotated with a grace."""

from datetime import timedelta

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.debug import sensitive_variables

from formplatform.core.admin_theme import ModelAdmin, action
from formplatform.core.errors import InvalidInputError
from integrations.webhooks import rotation
from integrations.webhooks.models import Webhook

Rotated = HttpResponse | None


class SecretPages(ModelAdmin[Webhook]):
    """What the pages of endpoints inherit."""

    secret_actions = ["rotate", "rotate_slowly", "rotate_at_once", "rotate_public_key"]

    @action(description="Rotate the secret: the one before works for a day", permissions=["change"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> Rotated:
        return self._rotate(request, queryset, rotation.GRACE)

    @action(
        description="Rotate the secret: the one before works for a week", permissions=["change"]
    )
    def rotate_slowly(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> Rotated:
        return self._rotate(request, queryset, rotation.LONGEST_GRACE)

    @action(description="Rotate the secret: the ones before end now", permissions=["change"])
    def rotate_at_once(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> Rotated:
        return self._rotate(request, queryset, timedelta(0))

    @action(
        description="Rotate the ed25519 key: the one before works for a day", permissions=["change"]
    )
    def rotate_public_key(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            try:
                key = rotation.rotate_public_key(webhook)
            except InvalidInputError as error:
                self.message_user(request, f"{webhook}: {error.errors[0].message}", messages.ERROR)
            else:
                self.log_change(request, webhook, "Rotated the ed25519 key.")
                self.message_user(request, f"{webhook}: the new public key is {key.public_key}")

    @sensitive_variables("secret")
    def show_secret(
        self,
        request: HttpRequest,
        webhook: Webhook,
        secret: str,
        *,
        grace: timedelta | None = None,
    ) -> HttpResponse:
        """Straight into the answer: a message or a session would keep it.

        `grace` says how long older ones work on, where there are any.
        """
        context = {
            **self.admin_site.each_context(request),
            "title": "Signing secret",
            "webhook": webhook,
            "secret": secret,
            "is_rotated": grace is not None,
            "grace_hours": round(grace.total_seconds() / 3600) if grace else 0,
            "back": reverse("admin:integrations_webhook_changelist"),
        }
        answer = TemplateResponse(request, "integrations/secret.html", context)
        add_never_cache_headers(answer)
        return answer

    @sensitive_variables("secret")
    def _rotate(
        self, request: HttpRequest, queryset: QuerySet[Webhook], grace: timedelta
    ) -> Rotated:
        if queryset.count() != 1:
            self.message_user(request, "Choose one endpoint.", messages.ERROR)
            return None
        webhook = queryset.get()
        secret = rotation.rotate_secret(webhook, grace=grace)
        self.log_change(request, webhook, "Rotated the secret.")
        return self.show_secret(request, webhook, secret, grace=grace)
