"""The form with which staff edit an endpoint."""

import re
from typing import TYPE_CHECKING, Any

from django import forms

from formplatform.core.admin_theme import Select, TextInput
from formplatform.core.errors import InvalidInputError
from formplatform.forms.ids import is_id
from formplatform.forms.storage.registry import get_store
from integrations.webhooks.endpoints import EndpointForm, check_endpoint
from integrations.webhooks.events import DELIVERABLE_NAMES
from integrations.webhooks.models import Webhook
from integrations.webhooks.queue.pace import DEFAULT, RetryDelays, preset_of
from integrations.webhooks.queue.schedule import PRESETS
from integrations.webhooks.shaping.escaping import DEFAULT_TYPE
from integrations.webhooks.shaping.presets.registry import PLAIN, presets

if TYPE_CHECKING:
    _Form = forms.ModelForm[Webhook]
else:
    _Form = forms.ModelForm


OWN = "own"
FIELDS = {"retry_delays": "own_delays"}
"""Where the form shows an error of another field."""
SCHEDULES = [
    *((name, f"{name.replace('_', ' ')} ({len(each)} attempts)") for name, each in PRESETS.items()),
    (OWN, "its own, given below"),
]


class WebhookForm(_Form):
    events = forms.MultipleChoiceField(
        choices=[(name, name) for name in DELIVERABLE_NAMES],
        widget=forms.CheckboxSelectMultiple,
        initial=["response.submitted"],
    )

    preset = forms.ChoiceField(
        choices=[(name, each.label) for name, each in presets().items()],
        initial=PLAIN,
        required=False,
        widget=Select,
    )
    content_type = forms.CharField(
        initial=DEFAULT_TYPE, required=False, help_text="Of what the template writes."
    )
    headers = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One per line, `Name: value`, instead of all there are. Never shown again.",
    )
    without_headers = forms.BooleanField(required=False, label="Remove all headers")
    schedule = forms.ChoiceField(
        choices=SCHEDULES, initial=DEFAULT, required=False, widget=Select, label="Retry schedule"
    )
    own_delays = forms.CharField(
        required=False,
        widget=TextInput,
        label="Its own schedule",
        help_text="Seconds before each attempt, the first included, such as 0, 5, 60, 600.",
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
            "filter",
            "preset",
            "selection",
            "template",
            "content_type",
            "ordering",
            "rate_per_minute",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ordering"].required = False
        delays = self.instance.retry_delays
        preset = preset_of(delays)
        self.initial.setdefault("schedule", preset or OWN)
        if not preset:
            self.initial.setdefault("own_delays", ", ".join(f"{each:g}" for each in delays or ()))

    def clean_form_id(self) -> str:
        form_id: str = self.cleaned_data["form_id"]
        if form_id and not (is_id(form_id) and get_store().find_form(form_id)):
            raise forms.ValidationError("There is no form with this id.")
        return form_id

    def clean_headers(self) -> dict[str, str] | None:
        """None leaves those that are there."""
        lines = [line for line in self.cleaned_data["headers"].splitlines() if line.strip()]
        parts = [line.partition(":") for line in lines]
        if not all(colon for _, colon, _ in parts):
            raise forms.ValidationError("Write each header on a line of its own: Name: value")
        return {name.strip(): value.strip() for name, _, value in parts} or None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            form_id = cleaned.get("form_id", self.instance.form_id)
            try:
                check_endpoint(self.wanted(), form_id=form_id)
            except InvalidInputError as refusal:
                for error in refusal.errors:
                    field, _, place = re.sub(r"^(\w+)\[", r"\1.[", error.field).partition(".")
                    field = FIELDS.get(field, field)
                    self.add_error(field, f"{place}: {error.message}" if place else error.message)
        return cleaned

    def wanted(self) -> EndpointForm:
        data = self.cleaned_data
        return EndpointForm(
            url=data["url"],
            events=data["events"],
            description=data.get("description", ""),
            include_personal_data=data.get("include_personal_data", False),
            asymmetric=data.get("asymmetric", False),
            filter=data.get("filter") or None,
            selection=data.get("selection", ""),
            template=data.get("template", "").replace("\r\n", "\n"),
            preset=data.get("preset") or self.instance.preset,
            content_type=data.get("content_type") or self.instance.content_type or DEFAULT_TYPE,
            headers={} if data.get("without_headers") else data.get("headers"),
            ordering=data.get("ordering") or self.instance.ordering,
            rate_per_minute=data.get("rate_per_minute"),
            retry_delays=self._delays(),
        )

    def _delays(self) -> RetryDelays:
        """As typed: the domain refuses what is no schedule."""
        schedule: str = self.cleaned_data.get("schedule") or ""
        if schedule != OWN:
            return schedule or self.instance.retry_delays
        words = self.cleaned_data.get("own_delays", "").replace(",", " ").split()
        try:
            return [float(word) for word in words]
        except ValueError:
            return []
