"""The form with which staff edit an endpoint."""

from typing import TYPE_CHECKING, Any

from django import forms

from formplatform.core.errors import InvalidInputError
from formplatform.forms.ids import is_id
from formplatform.forms.storage.registry import get_store

from .endpoints import EndpointForm, check_endpoint
from .events import DELIVERABLE_NAMES
from .models import Webhook

if TYPE_CHECKING:
    _Form = forms.ModelForm[Webhook]
else:
    _Form = forms.ModelForm


class WebhookForm(_Form):
    events = forms.MultipleChoiceField(
        choices=[(name, name) for name in DELIVERABLE_NAMES],
        widget=forms.CheckboxSelectMultiple,
        initial=["response.submitted"],
    )

    class Meta:
        model = Webhook
        fields = [
            "url",
            "description",
            "owner",
            "form_id",
            "events",
            "include_personal_data",
            "asymmetric",
        ]

    def clean_form_id(self) -> str:
        form_id: str = self.cleaned_data["form_id"]
        if form_id and not (is_id(form_id) and get_store().find_form(form_id)):
            raise forms.ValidationError("There is no form with this id.")
        return form_id

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if {"url", "events"} <= cleaned.keys():
            try:
                check_endpoint(self.wanted())
            except InvalidInputError as refusal:
                for error in refusal.errors:
                    self.add_error(error.field, error.message)
        return cleaned

    def wanted(self) -> EndpointForm:
        data = self.cleaned_data
        return EndpointForm(
            url=data["url"],
            events=data["events"],
            description=data.get("description", ""),
            include_personal_data=data.get("include_personal_data", False),
            asymmetric=data.get("asymmetric", False),
        )
