"""API keys in the admin: made here, shown once, rotated and revoked here."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest

from .admin_theme import ModelAdmin, action, register
from .api_keys import GRACE, SCOPES, create_key, revoke_key, rotate_key
from .errors import ConflictError
from .models import ApiKey


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's own is not generic
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES], widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ApiKey
        fields = ("user", "name", "scopes", "form_ids", "expires_at")


@register(ApiKey)
class ApiKeyAdmin(ModelAdmin[ApiKey]):
    form = ApiKeyForm
    list_display = (
        *("name", "shown_prefix", "user", "expires_at", "revoked_at", "last_used_at"),
        "previous_expires_at",
    )
    list_filter = ("revoked_at", "expires_at")
    search_fields = ("name", "prefix", "user__username")
    actions = ("rotate", "rotate_at_once", "revoke")

    def shown_prefix(self, key: ApiKey) -> str:
        return f"fp_{key.prefix}_…"

    shown_prefix.short_description = "Key"  # type: ignore[attr-defined]  # Django's own way

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """A key is made, rotated or revoked; nothing else about it changes."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001 - Django's signature
        key, token = create_key(
            obj.user,
            name=obj.name,
            scopes=form.cleaned_data["scopes"],
            form_ids=obj.form_ids,
            expires_at=obj.expires_at,
        )
        obj.pk = key.pk
        messages.warning(request, f"The key, shown this once: {token}")

    @action(description="Rotate: the old secret works for a day", permissions=["rotate_keys"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        _rotate(request, queryset, GRACE)

    @action(description="Rotate: the old secret ends now", permissions=["rotate_keys"])
    def rotate_at_once(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        _rotate(request, queryset, timedelta(0))

    def has_rotate_keys_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.add_apikey")

    @action(description="Revoke", permissions=["delete_keys"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            revoke_key(key)
        messages.success(request, f"{len(queryset)} keys are revoked.")

    def has_delete_keys_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.delete_apikey")


def _rotate(request: HttpRequest, keys: QuerySet[ApiKey], grace: timedelta) -> None:
    for key in keys:
        try:
            token = rotate_key(key, grace=grace)
        except ConflictError as error:
            messages.error(request, f"{key}: {error.message}")
        else:
            messages.warning(request, f"{key.name}: the new key, shown this once: {token}")
