"""Saved queries in the admin."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils.html import format_html

from formplatform.core.actors import SYSTEM
from formplatform.core.admin_theme import ModelAdmin, display, register
from formplatform.core.errors import InvalidInputError
from formplatform.core.features import Feature, is_enabled

from .models import SavedQuery
from .saved_queries import check_query

if TYPE_CHECKING:
    _Form = forms.ModelForm[SavedQuery]
else:
    _Form = forms.ModelForm


class SavedQueryForm(_Form):
    """The query language judges what a person types."""

    class Meta:
        model = SavedQuery
        fields = ("owner", "form_id", "name", "description", "query", "sharing", "shared_with")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "query" not in cleaned or "form_id" not in cleaned:
            return cleaned
        try:
            check_query(SYSTEM, cleaned["form_id"], cleaned["query"])
        except InvalidInputError as error:
            for wrong in error.errors:
                self.add_error("query", f"{wrong.field}: {wrong.message}")
        return cleaned

    def save(self, commit: bool = True) -> SavedQuery:  # noqa: FBT002 - Django's own
        if self.instance.pk:
            self.instance.revision += 1
        return super().save(commit)


class SavedQueryAdmin(ModelAdmin[SavedQuery]):
    form = SavedQueryForm
    list_display = ("name", "form_page", "owner", "sharing", "updated_at")
    list_filter = ("sharing",)
    search_fields = ("name", "form_id")
    autocomplete_fields = ("owner", "shared_with")
    readonly_fields = ("form_page", "revision", "created_at", "updated_at")

    @display(description="Numbers of the form", ordering="form_id")
    def form_page(self, saved: SavedQuery) -> str:
        if not saved.form_id:
            return ""
        page = reverse("form-analytics", args=[saved.form_id])
        return format_html('<a href="{}">{}</a>', page, saved.form_id)


if is_enabled(Feature.ANALYTICS):
    register(SavedQuery)(SavedQueryAdmin)
