"""The admin's form of a schedule: the domain judges what a person types."""

from typing import TYPE_CHECKING, Any

from django import forms

from formplatform.core.errors import InvalidInputError

from .models import ScheduledReport
from .scheduler.planning import check_timing, set_first_turn

WORDS = ("cadence", "cron", "timezone")
TIMING = {*WORDS, "interval_seconds"}


if TYPE_CHECKING:
    _Form = forms.ModelForm[ScheduledReport]
else:
    _Form = forms.ModelForm


class ScheduleForm(_Form):
    """A changed timing sets the next turn anew, unless a turn is given too."""

    class Meta:
        model = ScheduledReport
        fields = (
            *("owner", "form_id", "title", "definition", "cadence", "cron"),
            *("interval_seconds", "timezone", "enabled", "next_due_at"),
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        timing = ScheduledReport(**{word: cleaned.get(word) or "" for word in WORDS})
        timing.interval_seconds = cleaned.get("interval_seconds")
        try:
            check_timing(timing)
        except InvalidInputError as error:
            for wrong in error.errors:
                self.add_error(wrong.field, wrong.message)
            return cleaned
        if TIMING & set(self.changed_data) and "next_due_at" not in self.changed_data:
            set_first_turn(timing, None)
            cleaned["next_due_at"] = timing.next_due_at
        return cleaned
